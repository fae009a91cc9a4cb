"""Strict JSON for request bodies (RFC 8259): unique keys, storable text, and a limit on the number of values."""

import json
from collections import Counter
from typing import Any, NoReturn

from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from kit.errors import Invalid

MAX_COMMAS = 5000
"""Maximum in a body, ten times what real requests have. A megabyte could contain 75,000 unknown keys to report."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class DuplicateName(Invalid):
    """A key of an object, or a query parameter, is sent more than once."""

    code = "duplicate_name"

    def __init__(self, name: str) -> None:
        super().__init__("A name occurs more than once.", fields={name: ["Send it once."]})


def loads(body: bytes) -> Any:
    """Parse a body, which may start with a byte order mark.

    Raises BadRequest for malformed JSON, DuplicateName for a key that occurs twice in an object, RequestEntityTooLarge
    for too many values, and Invalid for text that PostgreSQL cannot store.
    """
    if body.count(b",") > MAX_COMMAS:
        raise RequestEntityTooLarge(f"The body has more than {MAX_COMMAS} values: send fewer at once.")
    try:
        text = body.removeprefix(_BYTE_ORDER_MARK).decode()
        value = json.loads(text, object_pairs_hook=_unique_keys, parse_float=_number, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise BadRequest("The body is not JSON (RFC 8259).") from None
    if "\\u" in text:  # in UTF-8, strict JSON has no other way to write them
        _refuse_unstorable(value)
    return value


def refuse_unstorable(text: str, name: str) -> None:
    """Raise Invalid for a query parameter with text that PostgreSQL cannot store."""
    if not _is_storable(text):
        raise Invalid(fields={name: [UNSTORABLE_MESSAGE]})


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) < len(pairs):
        [(name, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise DuplicateName(name)
    return unique


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _number(text: str) -> float:
    """Parse 1.0 as 1: to JSON they are the same number."""
    number = float(text)
    return int(number) if number.is_integer() else number


_Location = tuple[()] | tuple[Any, str | int]
"""The location of the parent, and the key in it. Storing whole paths would take far more memory than the body."""

UNSTORABLE_MESSAGE = "Leave out NUL and unpaired surrogates."


def _refuse_unstorable(body: Any) -> None:
    """Raise Invalid for text with NUL or half a surrogate pair, neither of which PostgreSQL can store."""
    pending: list[tuple[_Location, Any]] = [((), body)]
    while pending:
        location, value = pending.pop()
        if isinstance(value, dict):
            pending += (((location, key), part) for key, part in value.items())
            pending += (((), key) for key in value)
        elif isinstance(value, list):
            pending += (((location, index), part) for index, part in enumerate(value))
        elif isinstance(value, str) and not _is_storable(value):
            raise Invalid(fields={_path(location): [UNSTORABLE_MESSAGE]})


def _path(location: _Location) -> str:
    keys: list[str] = []
    while location:
        location, key = location
        keys.insert(0, str(key))
    return ".".join(keys)


def _is_storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)

"""JSON as request bodies have it (RFC 8259): each key once, numbers and text that can be kept, not too many values."""

import json
from collections import Counter
from typing import Any, NoReturn

from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from kit.errors import Invalid

MOST_COMMAS = 5000
"""In a body; real requests have fewer than a tenth of it. A megabyte could hold 75,000 unknown keys to report."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class DuplicateName(Invalid):
    """A key of a JSON object or a query parameter was sent more than once."""

    code = "duplicate_name"

    def __init__(self, name: str) -> None:
        super().__init__("A name is sent more than once.", fields={name: ["Send it once."]})


def loads(body: bytes) -> Any:
    """Parse a body, which may begin with a byte order mark.

    Raises BadRequest when it is no JSON, DuplicateName when an object has a key twice, RequestEntityTooLarge when it
    has too many values, and Invalid for text that PostgreSQL cannot keep.
    """
    if body.count(b",") > MOST_COMMAS:
        raise RequestEntityTooLarge(f"The body has more than {MOST_COMMAS} values: send fewer at once.")
    try:
        text = body.removeprefix(_BYTE_ORDER_MARK).decode()
        value = json.loads(text, object_pairs_hook=_each_once, parse_float=_number, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise BadRequest("The body is not JSON (RFC 8259).") from None
    if "\\u" in text:  # in UTF-8, strict JSON can say them in no other way
        _refuse_unstorable(value)
    return value


def refuse_unstorable(text: str, name: str) -> None:
    """Raise Invalid, naming the parameter, when PostgreSQL cannot keep its text."""
    if not _storable(text):
        raise Invalid(fields={name: [UNSTORABLE]})


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        [(name, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise DuplicateName(name)
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _number(text: str) -> float:
    """To JSON 1.0 is the same number as 1."""
    number = float(text)
    return int(number) if number.is_integer() else number


_Place = tuple[()] | tuple[Any, str | int]
"""The place of what a value is in, and its key there. As paths, those of all values outgrow their body by far."""

UNSTORABLE = "Leave out NUL and unpaired surrogates."


def _refuse_unstorable(body: Any) -> None:
    """PostgreSQL keeps neither NUL nor half of a surrogate pair in text."""
    pending: list[tuple[_Place, Any]] = [((), body)]
    while pending:
        place, value = pending.pop()
        if isinstance(value, dict):
            pending += (((place, key), part) for key, part in value.items())
            pending += (((), key) for key in value)
        elif isinstance(value, list):
            pending += (((place, index), part) for index, part in enumerate(value))
        elif isinstance(value, str) and not _storable(value):
            raise Invalid(fields={_path(place): [UNSTORABLE]})


def _path(place: _Place) -> str:
    keys: list[str] = []
    while place:
        place, key = place
        keys.insert(0, str(key))
    return ".".join(keys)


def _storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)

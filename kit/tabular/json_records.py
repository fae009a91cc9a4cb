"""Reading records of JSON lines: an object in each line."""

import json
from typing import Any, NoReturn

from kit.tabular.columns import Cell
from kit.tabular.formats import FileFormat
from kit.tabular.records import (
    MAX_RECORD_BYTES,
    BadRecord,
    Part,
    ReadResult,
    Record,
    require_short,
    start_of_text,
    storable,
    too_long,
)


def read(part: Part, file_format: FileFormat, *, limit: int) -> ReadResult:
    """Read up to `limit` records. Raises UnreadableFile if the rest of the file cannot be read."""
    found = ReadResult(consumed=start_of_text(part, file_format), line=part.line)
    while len(found.records) < limit:
        end = part.content.find(b"\n", found.consumed) + 1
        if not end and part.is_last:
            end = len(part.content)
        if end <= found.consumed:
            break
        if end - found.consumed > MAX_RECORD_BYTES:
            raise too_long(found.line)
        line = part.content[found.consumed : end].strip()
        if line:
            found.records.append(_record(found.line, line))
        found.consumed, found.line = end, found.line + 1
    if len(found.records) < limit:
        require_short(part, found)
    return found


def _record(number: int, line: bytes) -> Record:
    try:
        return Record(number, _cells(line))
    except BadRecord as error:
        return Record(number, None, str(error))


def _cells(line: bytes) -> dict[str, Cell]:
    try:
        # Numbers stay as they are written: as floats they could change.
        found = json.loads(
            line.decode(), parse_int=str, parse_float=str, parse_constant=_refuse_constant, object_pairs_hook=_object
        )
    except UnicodeDecodeError:
        raise BadRecord("This is not encoded in UTF-8.") from None
    except BadRecord:
        raise
    except (ValueError, RecursionError):
        raise BadRecord("This is not JSON.") from None
    if not isinstance(found, dict):
        raise BadRecord("Write an object in each line, such as {...}.")
    return {storable(name): _cell(name, value) for name, value in found.items()}


def _cell(name: str, value: Any) -> Cell:
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return [storable(entry) for entry in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return storable(value)
    raise BadRecord(f"{name[:50]}: write text, a number, true, false, null, or a list of texts.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadRecord("A name occurs twice.")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise BadRecord(f"{name} is not JSON.")

"""Reading records of CSV (RFC 4180). A file is read in parts, and a record may begin in one and end in the next."""

import csv
from collections.abc import Sequence

from kit.tabular.cells import unescape_formula
from kit.tabular.columns import Cell
from kit.tabular.formats import DELIMITERS, FileFormat
from kit.tabular.records import (
    MAX_RECORD_BYTES,
    BadRecord,
    Part,
    ReadResult,
    Record,
    UnreadableFile,
    require_short,
    start_of_text,
    storable,
    too_long,
)

MAX_COLUMNS = 500


def read(part: Part, file_format: FileFormat, *, limit: int) -> ReadResult:
    """Read up to `limit` records. The first record of the file has the names of the columns; blank lines are skipped.

    Raises UnreadableFile if the rest of the file cannot be read.
    """
    lines = _Lines(part, start_of_text(part, file_format), file_format.encoding)
    reader = csv.reader(lines, delimiter=file_format.delimiter, strict=True)
    found = ReadResult(consumed=lines.offset, line=part.line, header=part.header)
    while len(found.records) < limit:
        try:
            cells = next(reader, None)
            if cells is None:
                break
            _require_short(lines, found)
            _add(found, cells)
        except (csv.Error, BadRecord) as error:
            _require_short(lines, found)
            if lines.is_exhausted and "unexpected end" in str(error):
                if part.is_last:
                    raise UnreadableFile(found.line, "A quotation mark that begins here is not closed.") from None
                break
            if found.header is None:
                raise UnreadableFile(found.line, _explanation(error)) from None
            found.records.append(Record(found.line, None, _explanation(error)))
        found.consumed, found.line = lines.offset, lines.number
    if len(found.records) < limit:
        require_short(part, found)
    if part.is_last and found.header is None:
        raise UnreadableFile(1, "The file is empty: its first line names the columns.")
    return found


def _require_short(lines: "_Lines", found: ReadResult) -> None:
    if lines.offset - found.consumed > MAX_RECORD_BYTES:
        raise too_long(found.line)


class _Lines:
    """The complete lines of a part. It goes on after an error, as a generator would not."""

    def __init__(self, part: Part, offset: int, encoding: str) -> None:
        self._part, self.offset, self._encoding = part, offset, encoding
        self.number = part.line
        self.is_exhausted = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        content = self._part.content
        end = content.find(b"\n", self.offset) + 1
        if not end and self._part.is_last:
            end = len(content)
        if end <= self.offset:
            self.is_exhausted = True
            raise StopIteration
        line, self.offset = content[self.offset : end], end
        self.number += 1
        try:
            return line.decode(self._encoding)
        except UnicodeDecodeError:
            raise BadRecord(f"This is not encoded in {self._encoding}, as the file declares.") from None


def _add(found: ReadResult, cells: Sequence[str]) -> None:
    if not cells:
        return
    if found.header is None:
        found.header = _header(cells)
        return
    if len(cells) != len(found.header):
        raise BadRecord(f"The line has {len(cells)} cells, and the first line of the file {len(found.header)}.")
    pairs = zip(found.header, cells, strict=True)
    by_name: dict[str, Cell] = {name: unescape_formula(storable(cell)) or None for name, cell in pairs}
    found.records.append(Record(found.line, by_name))


def _header(cells: Sequence[str]) -> list[str]:
    names = [storable(cell).strip() for cell in cells]
    others = [each for each in DELIMITERS if each in names[0]]
    if len(names) == 1 and others:
        raise BadRecord(f"The columns are separated by {others[0]!r}: declare it as the delimiter.")
    if len(names) > MAX_COLUMNS:
        raise BadRecord(f"The file has more than {MAX_COLUMNS} columns.")
    if "" in names:
        raise BadRecord(f"Column {names.index('') + 1} has no name.")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadRecord(f"Two columns are called {twice[:50]!r}.")
    return names


def _explanation(error: Exception) -> str:
    if isinstance(error, BadRecord):
        return str(error)
    if "expected after" in str(error):
        return "Write a quotation mark in a quoted cell twice."
    return "This is not CSV: end lines with a line feed, and quote cells that contain a carriage return."

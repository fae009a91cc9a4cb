"""Reading the records of a file a part at a time, with the line of each and what is wrong with it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from kit.tabular.columns import Cell
from kit.tabular.formats import FileFormat

MAX_RECORD_BYTES = 64 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_OTHER_MARKS = (b"\xff\xfe", b"\xfe\xff")
"""Of UTF-16 and UTF-32."""


class UnreadableFile(Exception):
    """The file cannot be read from this line on; `problem` says how to fix it."""

    def __init__(self, line: int, problem: str) -> None:
        self.line, self.problem = line, problem
        super().__init__(f"line {line}: {problem}")


class BadRecord(ValueError):
    """The record is wrong; the message says how to fix it. The records after it can be read."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record that begins in `line` (from 1): the cells by the names in the file, or None and a problem."""

    line: int
    cells: dict[str, Cell] | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive bytes of a file, from the beginning of a record. `line` is their first line; `header` of CSV."""

    content: bytes
    line: int = 1
    header: Sequence[str] | None = None
    is_last: bool = False


@dataclass(slots=True)
class ReadResult:
    """What was read of a part: `consumed` bytes of it, which end before `line`. The rest waits for the next part."""

    records: list[Record] = field(default_factory=list)
    consumed: int = 0
    line: int = 1
    header: Sequence[str] | None = None


def start_of_text(part: Part, file_format: FileFormat) -> int:
    """The offset of the text after a byte order mark. Raises UnreadableFile for another encoding than the declared."""
    if part.line > 1:
        return 0
    if part.content.startswith(_OTHER_MARKS):
        raise UnreadableFile(1, "The file is encoded in UTF-16 or UTF-32: save it in UTF-8.")
    if not part.content.startswith(_BYTE_ORDER_MARK):
        return 0
    if file_format.encoding != "utf-8":
        raise UnreadableFile(1, f"The file is encoded in UTF-8, not in {file_format.encoding}: declare UTF-8.")
    return len(_BYTE_ORDER_MARK)


def require_short(part: Part, read: ReadResult) -> None:
    """Raise UnreadableFile if the record that the part does not complete is too long."""
    if len(part.content) - read.consumed > MAX_RECORD_BYTES:
        raise too_long(read.line)


def too_long(line: int) -> UnreadableFile:
    """The error of a record that is too long."""
    problem = f"The record that begins here is longer than {MAX_RECORD_BYTES} bytes. Is a quotation mark not closed?"
    return UnreadableFile(line, problem)


def storable(text: str) -> str:
    """The text; raises BadRecord for characters that PostgreSQL does not store."""
    if "\x00" in text:
        raise BadRecord("Remove the NUL character.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadRecord("Remove the unpaired surrogate, which is no character.") from None
    return text

"""The columns of a file: their names, and how a cell becomes a value."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from kit.tabular.cells import split_list
from kit.tabular.formats import FileFormat

Cell = str | bool | list[str] | None
"""A cell as it was read: text in CSV; in JSON lines also a flag or a list. None is an empty cell. Numbers are text."""

CellReader = Callable[[Any, FileFormat], Any]
"""Reads the value of a cell that is not empty; raises ValueError with a message that says how to fix it."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `empty` is the value of an empty cell. A column that the file does not have changes nothing."""

    name: str
    read: CellReader
    empty: Any = None

    def value(self, cell: Cell, file_format: FileFormat) -> Any:
        """The value of a cell; raises ValueError."""
        if cell is None or cell in ("", []):
            return self.empty
        return self.read(cell, file_format)


def text(check: Callable[[str], str], *, max_length: int) -> CellReader:
    """Text of at most `max_length` characters, in the form that `check` returns."""

    def read(cell: Cell, _: FileFormat) -> str:
        value = _as_text(cell)
        if len(value) > max_length:
            raise ValueError(f"Longer than {max_length} characters.")
        return check(value)

    return read


def text_list(check: Callable[[str], str], *, max_length: int, max_items: int) -> CellReader:
    """A list of texts, in CSV with `|` between them."""
    read_entry = text(check, max_length=max_length)

    def read(cell: Cell, file_format: FileFormat) -> list[str]:
        entries = cell if isinstance(cell, list) else split_list(_as_text(cell))
        if len(entries) > max_items:
            raise ValueError(f"More than {max_items} entries.")
        return [read_entry(entry, file_format) for entry in entries]

    return read


def flag(cell: Cell, _: FileFormat) -> bool:
    """`true` or `false`."""
    known = {"true": True, "false": False, True: True, False: False}
    if isinstance(cell, list) or cell not in known:
        raise ValueError("Write true or false.")
    return known[cell]


def uuid(cell: Cell, _: FileFormat) -> UUID:
    """An id, as this API shows it."""
    try:
        return UUID(_as_text(cell))
    except ValueError:
        raise ValueError("This is not an id: leave the cell empty, or copy the id from an export.") from None


def decimal(*, max_places: int) -> CellReader:
    """A number in the format that the file declares, with at most `max_places` decimals."""

    def read(cell: Cell, file_format: FileFormat) -> Decimal:
        number = file_format.read_decimal(_as_text(cell))
        exponent = number.as_tuple().exponent
        if isinstance(exponent, int) and -exponent > max_places:
            raise ValueError(f"Write at most {max_places} decimals.")
        return number

    return read


def _as_text(cell: Cell) -> str:
    if not isinstance(cell, str):
        raise ValueError("Write text.")  # noqa: TRY004 - it is the sender's value, and no mistake of the caller
    return cell

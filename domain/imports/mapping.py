"""Which column of a file is which column of the kind."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.imports.declarations import ImportKind
from kit.tabular.columns import Cell
from kit.tabular.records import BadRecord, UnreadableFile


def require_usable(header: Sequence[str], kind: ImportKind, mapped: Mapping[str, str | None]) -> None:
    """Raise UnreadableFile unless each column of the header is known or left out, and one of the keys is among them."""
    known = f"The columns are {', '.join(kind.column_names)}."
    absent = [name for name in mapped if name not in header]
    if absent:
        raise UnreadableFile(1, f"The file has no column {absent[0][:50]!r}, which you have mapped.")
    targets = [_target(name, kind, mapped) for name in header]
    if "" in targets:
        unknown = header[targets.index("")][:50]
        raise UnreadableFile(1, f"There is no column {unknown!r}: map it to one, or to null to leave it out. {known}")
    found = [target for target in targets if target]
    twice = next((target for target in found if found.count(target) > 1), None)
    if twice:
        raise UnreadableFile(1, f"Two columns of the file are the column {twice}.")
    if not set(found) & set(kind.keys):
        raise UnreadableFile(1, f"The file needs {_one_of(kind.keys)}.")


def mapped_cells(cells: Mapping[str, Cell], kind: ImportKind, mapped: Mapping[str, str | None]) -> dict[str, Cell]:
    """The cells by the names of the kind. Raises BadRecord for a column that is unknown or there twice."""
    found: dict[str, Cell] = {}
    for name, cell in cells.items():
        target = _target(name, kind, mapped)
        if target == "":
            raise BadRecord(f"There is no column {name[:50]!r}: map it to one, or to null to leave it out.")
        if target in found:
            raise BadRecord(f"Two columns of the line are the column {target}.")
        if target:
            found[target] = cell
    return found


def key_of(cells: Mapping[str, Any], kind: ImportKind) -> str | None:
    """What the row is about, by the first key that is not empty; None if all are."""
    name = next((name for name in kind.keys if cells.get(name)), None)
    return None if name is None else f"{name}:{cells[name]}".strip().casefold()


def missing_key(kind: ImportKind) -> str:
    """The problem of a row without a key."""
    return f"Fill in {_one_of(kind.keys)}."


def _target(name: str, kind: ImportKind, mapped: Mapping[str, str | None]) -> str | None:
    """The column of the kind; None if it is left out, an empty string if there is none."""
    if name in mapped:
        return mapped[name]
    return name if name in kind.column_names else ""


def _one_of(keys: Sequence[str]) -> str:
    return f"the column {keys[0]}" if len(keys) == 1 else f"one of the columns {', '.join(keys)}"

"""What an area declares so that its rows can be imported. It is registered at the start of a process.

CUSTOMERS = ImportKind(
    "customers",
    columns=(Column("id", columns.uuid), Column("email", columns.text(email_address, max_length=254)), ...),
    keys=("id", "email"),
    permission=WRITE_CUSTOMERS,
    apply=apply,
)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

from kit.permissions import Permission
from kit.tabular.columns import Column


class Row(NamedTuple):
    """A row of a file: its line, and the values of the columns that the file has."""

    line: int
    values: dict[str, Any]


Item = Sequence[Row]
"""Rows of a file that are one thing, such as a product with its variants: they are applied together or not at all."""


class Problem(NamedTuple):
    """What is wrong in a line, in which column if it is one, and how to fix it. It quotes no personal data."""

    line: int
    column: str | None
    message: str


Outcome = Literal["created", "updated", "unchanged"] | list[Problem]
"""What became of an item: a list of problems if nothing of it was written."""


class Apply(Protocol):
    """Write items in the current transaction of the company, each as a whole, in a constant number of statements.

    With `dry_run` nothing is written, and the outcomes are those that writing would have now.
    """

    def __call__(self, items: Sequence[Item], *, company_id: UUID, now: datetime, dry_run: bool) -> list[Outcome]:
        """Return the outcome of each item."""


@dataclass(frozen=True, slots=True)
class ImportKind:
    """A kind of import. Importing requires `permission`.

    `keys` are the columns that say what a row is about: the first that is not empty. Rows with the same key in sequence
    are one item, of at most `max_rows` rows.
    """

    name: str
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    permission: Permission
    apply: Apply
    max_rows: int = 1

    @property
    def column_names(self) -> list[str]:
        """The names of the columns, in their order."""
        return [column.name for column in self.columns]


_KINDS: dict[str, ImportKind] = {}


def register(kinds: Mapping[str, ImportKind]) -> None:
    """Set the kinds of all areas, by name."""
    _KINDS.clear()
    _KINDS.update(kinds)


def kinds() -> Mapping[str, ImportKind]:
    """All kinds by name, in the order of the areas; raises LookupError before `register` was called."""
    if not _KINDS:
        raise LookupError("this process has registered no imports: call domain.areas.register() at its start")
    return _KINDS

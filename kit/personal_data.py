"""Personal data: the columns that have it, and what each area does when a person asks for an export or an erasure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

PERSONAL = {"personal": True}
"""The `info` of a column with data of a person, or with the id of one who is no member of its company."""


class Erase(Protocol):
    """Erase the data of the current user in the tables of an area, and refuse it by raising a DomainError.

    The transaction acts for the user and for no company. Higher areas are called first.
    """

    def __call__(self, *, user_id: UUID, now: datetime) -> None:
        """Erase the data of this user."""


class Export(Protocol):
    """Collect the data of the current user in the tables of an area: a value for each section of the export.

    The transaction acts for the user and for no company.
    """

    def __call__(self, *, user_id: UUID, now: datetime) -> dict[str, Any]:
        """Collect the data of this user."""


def _erase_nothing(*, user_id: UUID, now: datetime) -> None:
    del user_id, now


def _export_nothing(*, user_id: UUID, now: datetime) -> dict[str, Any]:
    del user_id, now
    return {}


@dataclass(frozen=True, slots=True)
class PersonalData:
    """What an area does with the personal data in its tables.

    `erased` and `exported` are the tables that `erase` and `export` cover. `not_erased` and `not_exported` give the
    reason for each other table with personal columns.
    """

    erased: frozenset[str] = frozenset()
    exported: frozenset[str] = frozenset()
    not_erased: Mapping[str, str] = field(default_factory=dict)
    not_exported: Mapping[str, str] = field(default_factory=dict)
    erase: Erase = _erase_nothing
    export: Export = _export_nothing

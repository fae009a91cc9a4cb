"""Updates of rows, limited to the columns that a resource declares as changeable, and announced as an event."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from kit.db import Base
from kit.messaging import events
from kit.messaging.events import Event, Payload

Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True, slots=True)
class ChangedColumns:
    """The changed columns of a row: their old values by column name. False if no column has changed."""

    old: Mapping[str, Any]

    @property
    def names(self) -> list[str]:
        """The sorted names of the changed columns."""
        return sorted(self.old)

    def __bool__(self) -> bool:
        return bool(self.old)


def apply_and_announce(
    row: Row,
    values: Mapping[str, Any],
    *,
    declared: type,
    event: Event[Payload],
    payload: Callable[[Row, ChangedColumns], Payload],
    company_id: UUID | None,
    subject: UUID | None = None,
) -> ChangedColumns:
    """Set columns of the row, increase its `version` if it has one, and publish the event with its payload.

    Does nothing where no value differs. The event is about `subject`, or else about the row. Raises TypeError, before
    any column is set, for a column that is not a key of the TypedDict `declared`.
    """
    refuse_undeclared(values, declared=declared)
    different = (name for name, value in values.items() if getattr(row, name) != value)
    changed = ChangedColumns({name: getattr(row, name) for name in different})
    if not changed:
        return changed
    state: Any = row
    for name in changed.old:
        setattr(state, name, values[name])
    version = getattr(state, "version", None)
    if version is not None:
        state.version = version = version + 1
    sequence = version if subject is None else None
    events.publish(event, payload(row, changed), subject=subject or state.id, company_id=company_id, sequence=sequence)
    return changed


def refuse_undeclared(values: Mapping[str, Any], *, declared: type) -> None:
    """Raise TypeError for a name that is not a key of the TypedDict `declared`."""
    undeclared = values.keys() - declared.__annotations__.keys()
    if undeclared:
        raise TypeError(f"{declared.__name__} does not declare {', '.join(sorted(undeclared))}")

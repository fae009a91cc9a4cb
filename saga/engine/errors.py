"""What a step returns when it fails, and the errors of the engine."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from kit.errors import Unavailable


class InvalidDefinition(Exception):
    """A saga or a step is declared incorrectly. Raised at import, before anything runs."""


class UnknownVersion(Unavailable):
    """The version of the saga is unknown to this process; a process of another release knows it."""

    code = "unknown_saga_version"

    def __init__(self, message: str | None = None, *, saga_ids: Collection[UUID] = ()) -> None:
        """`saga_ids` are the sagas of such versions, if several sagas were to be read together."""
        super().__init__(message)
        self.saga_ids = frozenset(saga_ids)


class DefinitionMismatch(Unavailable):
    """The saga started with another definition of its version; a process with that definition can run it."""

    code = "saga_definition_mismatch"


@dataclass(frozen=True, slots=True)
class Refused:
    """The step can never succeed. What the step has written is kept.

    A step that raises a DomainError is refused, too, but its writes are rolled back.
    """

    code: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class TryAgain:
    """The step could not be done now, and is to be retried. What the step has written is kept.

    A step that raises any error but a DomainError is retried, too, but its writes are rolled back.
    """

    code: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class InProgress(TryAgain):
    """The step was not attempted: another worker is doing its work, or too many calls are under way. To be retried."""

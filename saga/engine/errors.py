"""How a step says no, or not now, and what a wrong declaration is called."""

from dataclasses import dataclass

from kit.errors import Unavailable


class DeclarationError(Exception):
    """A saga or step is declared wrongly; raised at import, before anything can run."""


class UnknownVersion(Unavailable):
    """The saga is of a version that this process does not know; a newer or older one must take it."""

    code = "unknown_saga_version"


class OtherDefinition(Unavailable):
    """The saga began with another definition of its version; a process that has that definition must take it."""

    code = "other_saga_definition"


@dataclass(frozen=True, slots=True)
class Refused:
    """A step's answer that it cannot be done, ever. What the step has written stays written.

    A step that raises a DomainError says the same, and has its writes rolled back.
    """

    code: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class TryAgain:
    """A step's answer that it could not be done just now. What the step has written stays written.

    A step that raises anything but a DomainError says the same, and has its writes rolled back.
    """

    code: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class InProgress(TryAgain):
    """The same, because another worker is doing it: no attempt was made, so none is counted."""

"""How a step says no, or not now, and what a wrong declaration is called."""

from dataclasses import dataclass


class DeclarationError(Exception):
    """A saga or step is declared wrongly; raised at import, before anything can run."""


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

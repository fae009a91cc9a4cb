"""The few kinds of error the business raises. The docstring is the default message; only api/errors.py knows HTTP."""

import math
from datetime import timedelta
from typing import Any, ClassVar


class OrderXError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str | None = None, **detail: Any) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.detail = detail
        super().__init__(self.message)

    @classmethod
    def title(cls) -> str:
        """The first line of the docstring: what this kind of error is, in one sentence."""
        return (cls.__doc__ or "").strip().partition("\n")[0]


class DomainError(OrderXError):
    """The business says no; asking again changes nothing."""


class NotFound(DomainError):
    """There is nothing here under that id."""

    code = "not_found"


class Conflict(DomainError):
    """The current state does not allow this."""

    code = "conflict"


class Forbidden(DomainError):
    """You may not do this."""

    code = "forbidden"


class Unauthenticated(DomainError):
    """Say who you are: log in first."""

    code = "unauthenticated"


class Invalid(DomainError):
    """The input is not valid.

    `fields` maps a dotted path such as `lines.0.quantity` to the messages for it.
    """

    code = "invalid"

    def __init__(self, message: str | None = None, *, fields: dict[str, list[str]] | None = None) -> None:
        super().__init__(message or "The input is not valid.")
        self.fields = fields or {}


class Unavailable(OrderXError):
    """Something this depends on does not answer just now; try again."""

    code = "unavailable"


class TooOften(OrderXError):
    """Wait: it was tried too often."""

    code = "too_many_attempts"

    def __init__(self, what: str = "It was tried too often", *, wait: timedelta) -> None:
        self.seconds = math.ceil(wait.total_seconds())
        super().__init__(f"{what}: wait for {self.seconds} s.")


class NotConfigured(OrderXError):
    """A setting is missing or wrong."""

    code = "not_configured"

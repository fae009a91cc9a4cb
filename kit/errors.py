"""Base classes of all errors. The docstring is the default message; api/http/errors.py maps them to HTTP statuses."""

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
        """The first line of the docstring, which describes this kind of error."""
        return (cls.__doc__ or "").strip().partition("\n")[0]


class DomainError(OrderXError):
    """A business rule does not allow this. Trying again does not help."""


class NotFound(DomainError):
    """There is no object with this id."""

    code = "not_found"


class Conflict(DomainError):
    """The current state does not allow this."""

    code = "conflict"


class Stale(DomainError):
    """The object has changed since you read it; read it again."""

    code = "stale"


class Forbidden(DomainError):
    """You do not have permission to do this."""

    code = "forbidden"


class Unauthenticated(DomainError):
    """Authentication required: log in first."""

    code = "unauthenticated"


class Invalid(DomainError):
    """The input is not valid.

    `fields` maps a dotted path such as `lines.0.quantity` to the messages for it.
    """

    code = "invalid"

    def __init__(self, message: str | None = None, *, fields: dict[str, list[str]] | None = None) -> None:
        super().__init__(message or self.title())
        self.fields = fields or {}


class Unavailable(OrderXError):
    """A service that this request depends on is temporarily unavailable. Try again."""

    code = "unavailable"


class TooManyRequests(OrderXError):
    """Too many attempts. Try again later."""

    code = "too_many_attempts"

    def __init__(self, reason: str = "Too many attempts", *, wait: timedelta) -> None:
        self.seconds = math.ceil(wait.total_seconds())
        super().__init__(f"{reason}: try again in {self.seconds} s.")


class NotConfigured(OrderXError):
    """A setting is missing or wrong."""

    code = "not_configured"

"""Errors in Stripe's format (https://docs.stripe.com/api/errors)."""

from typing import Any

Json = dict[str, Any]


class Refused(Exception):
    """The request was refused: nothing changes, and its idempotency key is not used up."""

    def __init__(self, status: int, kind: str, message: str, **detail: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = error(kind, message, **detail)


def error(kind: str, message: str, **detail: Any) -> Json:
    """The body of an error of this type (`card_error`, `invalid_request_error`, …), without details that are None."""
    return {"error": {"type": kind, "message": message} | {k: v for k, v in detail.items() if v is not None}}


def bad_parameter(param: str, message: str, code: str = "parameter_invalid") -> Refused:
    """The error for a missing or invalid parameter."""
    return Refused(400, "invalid_request_error", message, param=param, code=code)


def unknown(noun: str, key: str, *, param: str, status: int = 404) -> Refused:
    """The error for an unknown id: 404 for one in the path, 400 for one in a parameter."""
    return Refused(status, "invalid_request_error", f"No such {noun}: '{key}'", param=param, code="resource_missing")

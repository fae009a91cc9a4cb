"""Refusals, in the shape of Stripe's errors (https://docs.stripe.com/api/errors)."""

from typing import Any

Json = dict[str, Any]


class Refused(Exception):
    """The request was not carried out: nothing changes, and its idempotency key stays free."""

    def __init__(self, status: int, kind: str, message: str, **detail: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = error(kind, message, **detail)


def error(kind: str, message: str, **detail: Any) -> Json:
    """The body of an error of this kind (`card_error`, `invalid_request_error`, …); absent details are left out."""
    return {"error": {"type": kind, "message": message} | {k: v for k, v in detail.items() if v is not None}}


def bad_parameter(param: str, message: str, code: str = "parameter_invalid") -> Refused:
    """A parameter that is missing or wrong."""
    return Refused(400, "invalid_request_error", message, param=param, code=code)


def unknown(noun: str, key: str, *, param: str, status: int = 404) -> Refused:
    """An id that names nothing; 400 where it came as a parameter, 404 where it is the address."""
    return Refused(status, "invalid_request_error", f"No such {noun}: '{key}'", param=param, code="resource_missing")

"""Why a request that is well-formed may be refused (403): what the OpenAPI document says of it for each operation."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from api.access import ANYBODY, OPERATOR, waits_while_suspended, who_may
from domain.companies.errors import CompanySuspended
from kit.errors import Forbidden

ALSO_REFUSED = "x-also-refused"
"""Under which a route notes what it refuses, until the document is made."""
NOT_ALLOWED = "Your role, or your API key, does not allow this."


def refusals_of(endpoint: str, method: str, noted: Sequence[type[Forbidden]]) -> list[type[Forbidden]]:
    """The refusals that an endpoint can answer: what holds for all of its kind, and what its route notes."""
    of_callers = [Forbidden] if who_may(endpoint) not in {ANYBODY, OPERATOR} else []
    while_suspended = [CompanySuspended] if waits_while_suspended(endpoint, method) else []
    return list(dict.fromkeys([*of_callers, *while_suspended, *noted]))


def forbidden(refusals: Sequence[type[Forbidden]]) -> dict[str, Any]:
    """The 403 response that can be any of these, each with its code and an example."""
    reasons = {each.code: NOT_ALLOWED if each is Forbidden else each.title() for each in refusals}
    return {
        "description": "\n".join(f"- `{code}`: {reason}" for code, reason in reasons.items()),
        "content": {
            "application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {code: {"value": _example(code, reason)} for code, reason in reasons.items()},
            }
        },
    }


def _example(code: str, reason: str) -> dict[str, Any]:
    request_id = "01a1f9fb-f07c-7766-bd40-d664d485d37e"
    return {
        "type": f"/problems/{code}",
        "title": reason,
        "status": HTTPStatus.FORBIDDEN,
        "detail": reason,
        "instance": f"/requests/{request_id}",
        "code": code,
        "request_id": request_id,
    }

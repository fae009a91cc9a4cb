"""The 403 responses of each operation in the OpenAPI document."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from api.auth.requirements import OPERATOR, PUBLIC, is_blocked_while_suspended, required_permission
from domain.companies.errors import CompanySuspended
from kit.errors import Forbidden

OPERATION_REFUSALS_KEY = "x-also-refused"
"""The key in an OpenAPI operation under which `@blueprint.refuses` stores errors until the document is generated."""
NOT_ALLOWED_MESSAGE = "Your role or API key does not have the permission."


def refusals_of(endpoint: str, method: str, declared: Sequence[type[Forbidden]]) -> list[type[Forbidden]]:
    """The 403 errors of an endpoint: errors declared at its route, and errors that its requirements imply.

    These are Forbidden if it requires a permission, and CompanySuspended if suspended companies cannot use it.
    """
    by_permission = [Forbidden] if required_permission(endpoint) not in {PUBLIC, OPERATOR} else []
    by_suspension = [CompanySuspended] if is_blocked_while_suspended(endpoint, method) else []
    return list(dict.fromkeys([*by_permission, *by_suspension, *declared]))


def forbidden(refusals: Sequence[type[Forbidden]]) -> dict[str, Any]:
    """A 403 response with one of these errors, each documented with its code and an example."""
    reasons = {each.code: NOT_ALLOWED_MESSAGE if each is Forbidden else each.title() for each in refusals}
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

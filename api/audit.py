"""What super admins ask of companies is written down before it is answered: who, when, what, and of which company."""

from uuid import UUID

from flask import Flask, g, request

from api.caller import SUPER_ADMIN, Caller
from domain.audit import operations
from kit import db
from kit.tenancy import Tenant


def watch(app: Flask) -> None:
    """Write down every request of a super admin's to the company they act for. Comes after access.guard()."""
    app.before_request(_note)


def note_all_companies(caller: Caller) -> None:
    """Write down that this request is about all companies."""
    _write(caller, None)


def _note() -> None:
    caller: Caller | None = g.get("caller")
    if caller is not None and caller.role == SUPER_ADMIN:
        _write(caller, caller.company_id)


def _write(caller: Caller, acted_for: UUID | None) -> None:
    """In a transaction of its own: it stays whatever becomes of the request."""
    with db.transaction(Tenant(user_id=caller.user_id)):
        operations.record_super_admin_request(
            user_id=caller.user_id, acted_for=acted_for, request=f"{request.method} {request.path}",
            request_id=g.request_id,
        )  # fmt: skip

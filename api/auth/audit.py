"""Record each request of a super admin to a company in the audit log, before it is handled."""

from uuid import UUID

from flask import Flask, g, request

from api.auth.caller import SUPER_ADMIN, Caller
from domain.audit import records
from kit import db
from kit.tenancy import Tenant


def register(app: Flask) -> None:
    """Record all requests of super admins. Call it after requirements.register()."""
    app.before_request(_record_request)


def record_all_companies_access(caller: Caller) -> None:
    """Record that this request reads all companies."""
    _record_access(caller, None)


def _record_request() -> None:
    caller: Caller | None = g.get("caller")
    if caller is not None and caller.role == SUPER_ADMIN:
        _record_access(caller, caller.company_id)


def _record_access(caller: Caller, target_company_id: UUID | None) -> None:
    """Use a separate transaction, so that the record stays if the request fails."""
    with db.transaction(Tenant(user_id=caller.user_id)):
        records.record_super_admin_request(
            user_id=caller.user_id, target_company_id=target_company_id, request=f"{request.method} {request.path}",
            request_id=g.request_id,
        )  # fmt: skip

"""Writing audit records."""

from uuid import UUID

from domain.audit.models import OperatorAction, SuperAdminRequest
from kit import db


def record_super_admin_request(*, user_id: UUID, target_company_id: UUID | None, request: str, request_id: str) -> None:
    """Record a request of the current user, a super admin, to a company, or to all companies (None)."""
    db.session().add(
        SuperAdminRequest(user_id=user_id, target_company_id=target_company_id, request=request, request_id=request_id)
    )


def record_operator_action(*, user_id: UUID, action: str, reason: str, operator: str) -> None:
    """Record an operator's action on the current user's account."""
    db.session().add(OperatorAction(user_id=user_id, action=action, reason=reason, operator=operator))

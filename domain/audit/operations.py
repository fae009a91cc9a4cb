"""Writing down who did what."""

from uuid import UUID

from domain.audit.models import OperatorAction, SuperAdminRequest
from kit import db


def note_super_admin(*, user_id: UUID, acted_for: UUID | None, request: str, request_id: str) -> None:
    """Write down what the current user, a super admin, asks of a company, or of all (None)."""
    db.session().add(SuperAdminRequest(user_id=user_id, acted_for=acted_for, request=request, request_id=request_id))


def record_operator_action(*, user_id: UUID, action: str, reason: str, operator: str) -> None:
    """Record what an operator does to the current user's account."""
    db.session().add(OperatorAction(user_id=user_id, action=action, reason=reason, operator=operator))

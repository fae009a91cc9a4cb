"""Revoking all access to a company that closes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, update

from domain.access.models import ApiKey, Invitation, Membership
from kit import db


def revoke_all(*, company_id: UUID, now: datetime) -> None:
    """Delete all memberships and invitations of the current company, and revoke its API keys."""
    session = db.session()
    keys = update(ApiKey).where(ApiKey.company_id == company_id, ApiKey.revoked_at.is_(None))
    session.execute(keys.values(revoked_at=now))
    session.execute(delete(Invitation).where(Invitation.company_id == company_id))
    session.execute(delete(Membership).where(Membership.company_id == company_id))

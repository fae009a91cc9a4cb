"""Revoking all access to a company that closes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, update

from domain.access import memberships
from domain.access.events import (
    API_KEY_REVOKED,
    INVITATION_REVOKED,
    MEMBER_REMOVED,
    ApiKeyId,
    InvitationId,
)
from domain.access.models import ApiKey, Invitation, Membership
from kit import db
from kit.messaging import events


def revoke_all(*, company_id: UUID, now: datetime) -> None:
    """Delete all memberships and invitations of the current company, and revoke its API keys."""
    session = db.session()
    keys = update(ApiKey).where(ApiKey.company_id == company_id, ApiKey.revoked_at.is_(None))
    for key_id in session.scalars(keys.values(revoked_at=now).returning(ApiKey.id)):
        events.publish(API_KEY_REVOKED, ApiKeyId(key_id), subject=key_id, company_id=company_id)
    invitations = delete(Invitation).where(Invitation.company_id == company_id).returning(Invitation.id)
    for invitation_id in session.scalars(invitations):
        payload = InvitationId(invitation_id)
        events.publish(INVITATION_REVOKED, payload, subject=invitation_id, company_id=company_id)
    members = delete(Membership).where(Membership.company_id == company_id).returning(Membership)
    for membership in session.scalars(members):
        memberships.announce(MEMBER_REMOVED, membership, company_id=company_id)

"""The events of the area access: members, invitations and API keys of companies."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kit.messaging.events import Event


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation to a role in the company, or in one shop of it. Its address is read from the API."""

    invitation_id: UUID
    role: str
    shop_id: UUID | None
    invited_by: UUID


@dataclass(frozen=True, slots=True)
class InvitationId:
    """An invitation."""

    invitation_id: UUID


@dataclass(frozen=True, slots=True)
class Member:
    """A user's role in the company, or in one shop of it."""

    membership_id: UUID
    user_id: UUID
    role: str
    shop_id: UUID | None


@dataclass(frozen=True, slots=True)
class ApiKeyCreated:
    """A new API key of the company, or of one shop of it."""

    api_key_id: UUID
    shop_id: UUID | None
    permissions: list[str]
    created_by: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ApiKeyId:
    """An API key."""

    api_key_id: UUID


MEMBER_INVITED = Event("member.invited", Invited, "Somebody was invited to a role.")
INVITATION_REVOKED = Event("member.invitation_revoked", InvitationId, "An invitation was revoked.")
MEMBER_JOINED = Event("member.joined", Member, "A user has got a role.")
MEMBER_LEFT = Event("member.left", Member, "A member has given up a role.")
MEMBER_REMOVED = Event("member.removed", Member, "A member's role was removed.")
API_KEY_CREATED = Event("api_key.created", ApiKeyCreated, "An API key was created.")
API_KEY_REVOKED = Event("api_key.revoked", ApiKeyId, "An API key was revoked.")

"""Errors of memberships, invitations and API keys."""

from kit.errors import Conflict, Forbidden, NotFound, Unauthenticated


class ApiKeyInvalid(Unauthenticated):
    """Invalid API key: unknown, expired, revoked, or its creator no longer has access."""

    code = "api_key_invalid"


class ApiKeyNotFound(NotFound):
    """Your company has no such API key, or it has been revoked already."""

    code = "api_key_not_found"


class NotAMember(NotFound):
    """There is no such company, or you do not belong to it."""

    code = "company_not_found"


class MemberNotFound(NotFound):
    """Your company has no such membership."""

    code = "member_not_found"


class MembershipNotFound(NotFound):
    """You have no such membership."""

    code = "membership_not_found"


class InvitationNotFound(NotFound):
    """Your company has no such invitation."""

    code = "invitation_not_found"


class RegistrationRequired(Conflict):
    """Register with the invited email address and verify it; then follow the link again."""

    code = "registration_required"


class ExceedsOwnPermissions(Forbidden):
    """You cannot grant or revoke permissions that you do not have yourself."""

    code = "insufficient_privileges"


class AlreadyMember(Conflict):
    """The user already has this role."""

    code = "already_member"


class LastAdmin(Conflict):
    """Your company has no other admin: make another member an admin first."""

    code = "last_admin"

"""The events of the area accounts. They belong to no company."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from kit.messaging.events import Event


@dataclass(frozen=True, slots=True)
class UserId:
    """A user."""

    user_id: UUID


@dataclass(frozen=True, slots=True)
class UserUpdated:
    """A user, and the names of the fields of the profile that were changed."""

    user_id: UUID
    changed: list[str]


@dataclass(frozen=True, slots=True)
class UserAddress:
    """Ids of a user and of one of their postal addresses."""

    user_id: UUID
    address_id: UUID


USER_REGISTERED = Event("user.registered", UserId, "A user has registered.", of_company=False)
USER_REGISTERED_AGAIN = Event(
    "user.registered_again", UserId, "Somebody tried to register with a user's email address.", of_company=False
)
USER_VERIFIED = Event("user.verified", UserId, "A user's email address was verified.", of_company=False)
USER_UPDATED = Event("user.updated", UserUpdated, "Fields of a user's profile were changed.", of_company=False)
USER_ERASED = Event("user.erased", UserId, "A user's personal data was erased.", of_company=False)
ADDRESS_CREATED = Event("user.address_created", UserAddress, "A user has added an address.", of_company=False)
ADDRESS_UPDATED = Event("user.address_updated", UserAddress, "A user has changed an address.", of_company=False)
ADDRESS_DELETED = Event("user.address_deleted", UserAddress, "A user has deleted an address.", of_company=False)


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """A new session, and the company that the user acts for (null: as a customer)."""

    user_id: UUID
    session_id: UUID
    active_company_id: UUID | None


@dataclass(frozen=True, slots=True)
class UserSessionId:
    """A session of a user."""

    user_id: UUID
    session_id: UUID


@dataclass(frozen=True, slots=True)
class LoginFailed:
    """The user whose password or code was wrong; null for an email address that nobody has registered."""

    user_id: UUID | None
    reason: Literal["wrong_password", "wrong_code"]


@dataclass(frozen=True, slots=True)
class NoData:
    """The payload of an event that has no data: `{}`."""


LOGGED_IN = Event("auth.logged_in", SessionStarted, "A user has logged in.", of_company=False)
LOGIN_FAILED = Event(
    "auth.login_failed",
    LoginFailed,
    "A password or code was wrong, at a login or where a user must confirm who they are.",
    of_company=False,
)
SESSION_ENDED = Event("auth.session_ended", UserSessionId, "A session was ended before it expired.", of_company=False)
REFRESH_TOKEN_REUSED = Event(
    "auth.refresh_token_reused",
    UserSessionId,
    "A refresh token was used twice, so one of its two holders has stolen it.",
    of_company=False,
)
PASSWORD_CHANGED = Event("auth.password_changed", UserId, "A user's password was changed or reset.", of_company=False)
RESET_FOR_UNKNOWN_EMAIL = Event(
    "auth.reset_for_unknown_email",
    NoData,
    "A password reset was requested for an email address that nobody has registered.",
    of_company=False,
)
ACCOUNT_CLAIMED = Event(
    "auth.account_claimed",
    UserId,
    "The owner of an email address has claimed the account that somebody had registered with it: its sessions, "
    "API keys, addresses and second factor were deleted.",
    of_company=False,
)
SECOND_FACTOR_ENABLED = Event(
    "auth.second_factor_enabled", UserId, "A user has enabled a second factor.", of_company=False
)
SECOND_FACTOR_DISABLED = Event(
    "auth.second_factor_disabled", UserId, "A user's second factor was disabled.", of_company=False
)
RECOVERY_CODE_USED = Event(
    "auth.recovery_code_used", UserId, "A user has used a recovery code instead of the app.", of_company=False
)

"""Erasure and export of an account."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from domain.accounts import profile, queries, second_factor, sessions
from domain.accounts.events import USER_ERASED, UserId
from kit import db
from kit.messaging import events
from kit.personal_data import PersonalData

_ERASE = text("SELECT erase_user(:user)")


def erase(*, user_id: UUID, now: datetime) -> None:
    """Erase the current user's profile, addresses, sessions and second factor; the row with their id stays."""
    del now
    second_factor.disable(user_id=user_id)
    db.session().execute(_ERASE, {"user": user_id})
    events.publish(USER_ERASED, UserId(user_id), subject=user_id, company_id=None)


def export(*, user_id: UUID, now: datetime) -> dict[str, Any]:
    """Collect the current user's profile, addresses and active sessions."""
    return {
        "user": queries.the_user(user_id=user_id),
        "addresses": profile.addresses(user_id=user_id),
        "sessions": sessions.active(user_id=user_id, now=now),
    }


_HASHED = "it is a secret of the account, of which we keep a hash or an encrypted form only"

PERSONAL_DATA = PersonalData(
    erased=frozenset({
        "users", "addresses", "sessions", "refresh_tokens", "one_time_links", "second_factors", "recovery_codes",
    }),
    exported=frozenset({"users", "addresses", "sessions"}),
    not_exported={
        "refresh_tokens": _HASHED, "one_time_links": _HASHED, "second_factors": _HASHED, "recovery_codes": _HASHED,
    },
    erase=erase,
    export=export,
)  # fmt: skip

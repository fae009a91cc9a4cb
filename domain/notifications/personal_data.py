"""Erasure of the mails to a person."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from kit import db
from kit.personal_data import PersonalData

_ERASE = text("SELECT delete_mails_to(:user)")


def erase(*, user_id: UUID, now: datetime) -> None:
    """Delete the mails about the current user's account. Mails about orders stay, without personal data (`sales`)."""
    del now
    db.session().execute(_ERASE, {"user": user_id})


PERSONAL_DATA = PersonalData(
    erased=frozenset({"mails"}),
    not_exported={"mails": "the person has received them, and their content is that of the other sections"},
    erase=erase,
)

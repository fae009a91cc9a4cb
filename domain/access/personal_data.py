"""Erasure and export of a person's memberships and invitations."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from domain.access import memberships, queries
from kit import db
from kit.personal_data import PersonalData
from kit.tenancy import Tenant

_ERASE = text("SELECT erase_member(:user)")


def erase(*, user_id: UUID, now: datetime) -> None:
    """End the current user's memberships and delete the invitations to them; raises LastAdmin."""
    del now
    for membership in queries.memberships_of(user_id=user_id):
        if membership.company_id is not None:
            memberships.leave(user_id=user_id, membership_id=membership.id)
    db.act_for(Tenant(user_id=user_id))
    memberships.set_default_company(user_id=user_id, company_id=None)
    db.session().execute(_ERASE, {"user": user_id})


def export(*, user_id: UUID, now: datetime) -> dict[str, Any]:
    """Collect the current user's memberships."""
    del now
    return {"memberships": queries.memberships_of(user_id=user_id)}


PERSONAL_DATA = PersonalData(
    erased=frozenset({"memberships", "invitations"}),
    exported=frozenset({"memberships"}),
    not_erased={"api_keys": "they belong to the company, and work no longer once their creator has left it"},
    not_exported={
        "invitations": "they belong to the company, and whether an address is a user's must not be told",
        "api_keys": "they belong to the company, whose admins list them",
    },
    erase=erase,
    export=export,
)

"""Erase a person: their account and their data in rows that are kept."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from domain.access import memberships
from domain.access import queries as access
from domain.accounts import profile, second_factor
from domain.accounts.events import USER_ERASED, UserId
from domain.privacy.errors import OrdersInProgress
from domain.sales import queries as sales
from kit import db
from kit.messaging import events
from kit.tenancy import Tenant

_ERASE = text("SELECT delete_invitations_to(:user), erase_person(:user)")


def erase_person(*, user_id: UUID, now: datetime) -> None:
    """Erase the current user's account and personal data. Their orders stay, without personal data.

    This cannot be undone. Raises OrdersInProgress, and LastAdmin while a company would have no admin left.
    """
    profile.lock_user(user_id=user_id)
    if sales.has_orders_in_progress(customer_id=user_id, now=now):
        raise OrdersInProgress
    for membership in access.memberships_of(user_id=user_id):
        if membership.company_id is not None:
            memberships.leave(user_id=user_id, membership_id=membership.id)
    db.act_for(Tenant(user_id=user_id))
    memberships.choose_company(user_id=user_id, company_id=None)
    second_factor.disable(user_id=user_id)
    erase_data(user_id=user_id)


def erase_data(*, user_id: UUID) -> None:
    """Erase the current user's personal data, addresses and sessions. Their memberships must have ended before."""
    db.session().execute(_ERASE, {"user": user_id})
    events.publish(USER_ERASED, UserId(user_id), subject=user_id, company_id=None)

"""Erase a person: their account, and their data in the rows of every area."""

from datetime import datetime
from uuid import UUID

from domain.accounts import profile
from domain.privacy import declarations
from kit import db
from kit.tenancy import Tenant


def erase_person(*, user_id: UUID, now: datetime) -> None:
    """Erase the current user's account and personal data, as each area declares it, the highest area first.

    This cannot be undone. Raises what the areas raise: OrdersInProgress, and LastAdmin while a company would have no
    admin left.
    """
    profile.lock_user(user_id=user_id)
    for area in reversed(list(declarations.by_area().values())):
        db.act_for(Tenant(user_id=user_id))
        area.erase(user_id=user_id, now=now)

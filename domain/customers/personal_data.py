"""Erasure and export of what companies know about a user as their customer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from domain.customers import queries
from domain.customers.models import Customer
from kit import db
from kit.personal_data import PersonalData

_ERASE = text("SELECT erase_customer_records(:user)")


def erase(*, user_id: UUID, now: datetime) -> None:
    """Keep the companies' records of the current user without personal data, because orders refer to them."""
    del now
    db.session().execute(_ERASE, {"user": user_id})


def export(*, user_id: UUID, now: datetime) -> dict[str, Any]:
    """Collect the companies' records of the current user, with addresses."""
    del now
    records = db.session().scalars(select(Customer).filter_by(user_id=user_id).order_by(Customer.id)).all()
    return {"customer_records": [queries.details_of(record) for record in records]}


PERSONAL_DATA = PersonalData(
    erased=frozenset({"customers", "customer_addresses"}),
    exported=frozenset({"customers", "customer_addresses"}),
    erase=erase,
    export=export,
)

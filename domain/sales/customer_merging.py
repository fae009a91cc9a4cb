"""Merging a guest into another customer of a company, with the guest's orders."""

from uuid import UUID

from sqlalchemy import update

from domain.customers import merging
from domain.customers.models import Customer
from domain.sales.models import Order
from kit import db


def merge(*, guest_id: UUID, into_id: UUID) -> Customer:
    """Merge a guest into another customer of the current company, who then has the guest's orders, and return it.

    This cannot be undone. Raises CustomerNotFound, CannotMerge unless the first is a guest, TooManyCustomerAddresses.
    """
    guest, into = merging.the_pair(guest_id=guest_id, into_id=into_id)
    db.session().execute(update(Order).filter_by(customer_id=guest_id).values(customer_id=into_id))
    merging.merge(guest, into)
    return into

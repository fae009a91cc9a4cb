"""Removing the personal data from the record of a guest."""

from uuid import UUID

from sqlalchemy import delete

from domain.customers import records
from domain.customers.errors import HasAccount
from domain.customers.events import CUSTOMER_ERASED, CustomerVersion
from domain.customers.models import Customer, CustomerAddress, GroupMember
from kit import db
from kit.messaging import events


def the_locked_guest(*, customer_id: UUID) -> Customer:
    """Lock a guest of the current company; raises CustomerNotFound, and HasAccount for a user."""
    customer = records.the_locked_customer(customer_id)
    if customer.user_id is not None:
        raise HasAccount
    return customer


def erase_record(guest: Customer) -> None:
    """Keep the guest's record, to which orders refer, without personal data, addresses and groups."""
    session = db.session()
    session.execute(delete(CustomerAddress).filter_by(customer_id=guest.id))
    session.execute(delete(GroupMember).filter_by(customer_id=guest.id))
    guest.name = guest.note = ""
    guest.email = guest.phone = guest.locale = guest.vat_id = guest.marketing_decided_at = None
    guest.tags, guest.accepts_marketing = [], False
    guest.version += 1
    events.publish_about(guest, CUSTOMER_ERASED, CustomerVersion(guest.id, guest.version))
    session.flush()

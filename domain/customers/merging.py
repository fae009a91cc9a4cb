"""Merging a guest into another customer: a company's second record of the same person."""

from uuid import UUID

from sqlalchemy import delete, func, select, update

from domain.customers import records
from domain.customers.addresses import MAX_ADDRESSES
from domain.customers.errors import CannotMerge, CustomerNotFound, TooManyCustomerAddresses
from domain.customers.events import CUSTOMER_UPDATED, CUSTOMERS_MERGED, CustomersMerged
from domain.customers.models import Customer, CustomerAddress, GroupMember
from domain.customers.records import CustomerChanges
from kit import changes, db
from kit.messaging import events


def the_pair(*, guest_id: UUID, into_id: UUID) -> tuple[Customer, Customer]:
    """Lock both records until the transaction ends. Orders that refer to them wait, too.

    Raises CustomerNotFound, and CannotMerge if the first is a user's, or both are the same.
    """
    both = select(Customer).where(Customer.id.in_((guest_id, into_id))).order_by(Customer.id).with_for_update()
    found = {customer.id: customer for customer in db.session().scalars(both)}
    if not found.keys() >= {guest_id, into_id}:
        raise CustomerNotFound
    if guest_id == into_id or found[guest_id].user_id is not None:
        raise CannotMerge
    return found[guest_id], found[into_id]


def merge(guest: Customer, into: Customer) -> None:
    """Give a customer the addresses, groups, tags and note of a guest, and what it does not have, and delete the guest.

    Consent to advertising is not taken over, because the guest gave it for another address. The guest's orders must
    have been handed over before. Raises TooManyCustomerAddresses.
    """
    session = db.session()
    addresses = select(func.count(CustomerAddress.id)).where(CustomerAddress.customer_id.in_((guest.id, into.id)))
    if (session.scalar(addresses) or 0) > MAX_ADDRESSES:
        raise TooManyCustomerAddresses
    session.execute(update(CustomerAddress).filter_by(customer_id=guest.id).values(customer_id=into.id))
    in_both = select(GroupMember.group_id).filter_by(customer_id=into.id)
    session.execute(delete(GroupMember).filter_by(customer_id=guest.id).where(GroupMember.group_id.in_(in_both)))
    session.execute(update(GroupMember).filter_by(customer_id=guest.id).values(customer_id=into.id))
    session.execute(delete(Customer).filter_by(id=guest.id))  # before its email, which is unique, is taken over
    changes.apply_and_announce(
        into, _changes_from(guest, into), declared=CustomerChanges, event=CUSTOMER_UPDATED,
        payload=records.update_payload, company_id=into.company_id,
    )  # fmt: skip
    into.version += 1
    events.publish_about(into, CUSTOMERS_MERGED, CustomersMerged(into.id, into.version, guest.id))
    session.flush()


def _changes_from(guest: Customer, into: Customer) -> CustomerChanges:
    """What the customer does not have, all tags of both, and the guest's note below the customer's."""
    return {
        "name": into.name or guest.name,
        "email": into.email or guest.email,
        "phone": into.phone or guest.phone,
        "locale": into.locale or guest.locale,
        "vat_id": into.vat_id or guest.vat_id,
        "tags": [*into.tags, *(tag for tag in guest.tags if tag not in into.tags)],
        "note": "\n".join(filter(None, (into.note, guest.note))),
    }

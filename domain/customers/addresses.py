"""The addresses of a customer."""

from uuid import UUID

from sqlalchemy import delete, func, select, update

from domain.customers import records
from domain.customers.errors import CustomerAddressNotFound, TooManyCustomerAddresses
from domain.customers.models import CustomerAddress
from kit import db
from kit.db import Json
from kit.ids import new_id

MAX_ADDRESSES = 50


def create(*, customer_id: UUID, label: str, address: Json) -> CustomerAddress:
    """Add an address; raises CustomerNotFound, TooManyCustomerAddresses."""
    customer = records.the_locked_customer(customer_id)  # otherwise two concurrent requests could exceed the limit
    session = db.session()
    count = session.scalar(select(func.count(CustomerAddress.id)).filter_by(customer_id=customer_id)) or 0
    if count >= MAX_ADDRESSES:
        raise TooManyCustomerAddresses
    created = CustomerAddress(
        id=new_id(), company_id=customer.company_id, customer_id=customer_id, label=label, address=address
    )
    session.add(created)
    records.announce_change(customer, "addresses")
    session.flush()
    session.refresh(created)
    return created


def change(*, customer_id: UUID, address_id: UUID, label: str, address: Json) -> CustomerAddress:
    """Replace an address; raises CustomerNotFound, CustomerAddressNotFound. Existing orders keep the old one."""
    customer = records.the_locked_customer(customer_id)
    of_customer = update(CustomerAddress).filter_by(id=address_id, customer_id=customer_id)
    changed: CustomerAddress | None = db.session().scalar(
        of_customer.values(label=label, address=address).returning(CustomerAddress)
    )
    if changed is None:
        raise CustomerAddressNotFound
    records.announce_change(customer, "addresses")
    return changed


def remove(*, customer_id: UUID, address_id: UUID) -> None:
    """Delete an address; raises CustomerNotFound, CustomerAddressNotFound. Existing orders keep it."""
    customer = records.the_locked_customer(customer_id)
    of_customer = delete(CustomerAddress).filter_by(id=address_id, customer_id=customer_id)
    if db.session().scalar(of_customer.returning(CustomerAddress.id)) is None:
        raise CustomerAddressNotFound
    records.announce_change(customer, "addresses")

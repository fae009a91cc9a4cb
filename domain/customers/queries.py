"""Reading customers."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import exists, or_, select

from domain.customers.errors import CustomerNotFound, GroupNotFound
from domain.customers.models import Customer, CustomerAddress, CustomerGroup, GroupMember
from kit import db
from kit.paging import Page, page


class CustomerDetails(NamedTuple):
    """A customer with groups and addresses."""

    customer: Customer
    group_ids: list[UUID]
    addresses: list[CustomerAddress]


def the_customer(*, customer_id: UUID) -> Customer:
    """Return a customer of the current company; raises CustomerNotFound."""
    customer = db.session().get(Customer, customer_id)
    if customer is None:
        raise CustomerNotFound
    return customer


def customers(
    *,
    limit: int,
    after: UUID | None = None,
    search: str | None = None,
    group_id: UUID | None = None,
    tag: str | None = None,
) -> Page[Customer]:
    """List the current company's customers, the oldest first, after the id `after`.

    `search` is a part of the name, the email address or the phone number, in upper or lower case.
    """
    query = select(Customer)
    if search is not None:
        columns = (Customer.name, Customer.email, Customer.phone)
        query = query.where(or_(*(column.icontains(search, autoescape=True) for column in columns)))
    if group_id is not None:
        in_group = exists().where(GroupMember.customer_id == Customer.id, GroupMember.group_id == group_id)
        query = query.where(in_group)
    if tag is not None:
        query = query.where(Customer.tags.contains([tag]))
    return page(query, Customer.id, limit=limit, after=after)


def the_group(*, group_id: UUID) -> CustomerGroup:
    """Return a group of customers of the current company; raises GroupNotFound."""
    group = db.session().get(CustomerGroup, group_id)
    if group is None:
        raise GroupNotFound
    return group


def groups(*, limit: int, after: UUID | None = None) -> Page[CustomerGroup]:
    """List the current company's groups of customers, the oldest first, after the id `after`."""
    return page(select(CustomerGroup), CustomerGroup.id, limit=limit, after=after)


def details_of(customer: Customer) -> CustomerDetails:
    """Read the groups and the addresses of a customer, the oldest first."""
    session = db.session()
    group_ids = select(GroupMember.group_id).filter_by(customer_id=customer.id).order_by(GroupMember.group_id)
    addresses = select(CustomerAddress).filter_by(customer_id=customer.id).order_by(CustomerAddress.id)
    return CustomerDetails(customer, list(session.scalars(group_ids)), list(session.scalars(addresses)))

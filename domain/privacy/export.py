"""Export all data of a person."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.access import queries as access
from domain.access.models import Membership
from domain.accounts import profile, queries, sessions
from domain.accounts.models import Address, User, UserSession
from domain.sales import queries as sales
from domain.sales.models import Order, OrderLine
from kit import db
from kit.tenancy import Tenant

_PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class PersonalData:
    """What we know about a person: active sessions, and orders with their lines, the newest first."""

    user: User
    addresses: list[Address]
    memberships: list[Membership]
    sessions: list[UserSession]
    orders: list[tuple[Order, list[OrderLine]]]


def export_person(*, user_id: UUID, now: datetime) -> PersonalData:
    """Collect the data of the current user, who must act for no company, to see their orders in all companies."""
    user = queries.the_user(user_id=user_id)
    addresses, memberships = profile.addresses(user_id=user_id), access.memberships_of(user_id=user_id)
    active, orders = sessions.active(user_id=user_id, now=now), list(_orders(user_id))
    with_lines = [(order, _lines_of(order)) for order in orders]
    return PersonalData(user, addresses, memberships, active, with_lines)


def _orders(user_id: UUID) -> Iterator[Order]:
    page = sales.orders(customer_id=user_id, limit=_PAGE_SIZE)
    while page:
        yield from page
        page = sales.orders(customer_id=user_id, limit=_PAGE_SIZE, after=page[-1].id)


def _lines_of(order: Order) -> list[OrderLine]:
    """Read the lines as the customer of the order's company; the rest of the transaction acts for it."""
    db.act_for(Tenant(order.company_id, order.customer_id))
    return sales.lines_of(order_ids=[order.id])[order.id]

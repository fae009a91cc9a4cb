"""The request's one transaction, and the company it acts for."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from uuid import UUID

from api import audit
from api.access import stops_while_suspended, writes
from api.caller import MACHINE, Caller, current_caller
from api.tokens import TokenInvalid
from domain.companies import lifecycle
from domain.identity import queries as identity
from domain.shops import queries as shops
from kit import db
from kit.config import settings
from kit.errors import Forbidden, Invalid, Unavailable
from kit.tenancy import Tenant


@contextmanager
def acting() -> Iterator[Caller]:
    """The transaction of this request, for its caller and the company they act for; commits at the end.

    Raises, when it writes, CompanySuspended for a company that can only be read, SessionEnded when the caller's session
    has ended, and TokenInvalid for whoever is no longer what their token says: erased, or without that role.
    """
    with acting_at(current_caller().company_id) as caller:
        yield caller


@contextmanager
def acting_at(company_id: UUID | None) -> Iterator[Caller]:
    """The same for another company than the caller's token names, or for none; raises what acting() raises."""
    caller = current_caller()
    with _at(Tenant(company_id=company_id, user_id=caller.user_id)):
        yield caller


@contextmanager
def acting_for_all_companies() -> Iterator[Caller]:
    """A transaction past the wall between companies, as the operator role: for super admins, where they ask for it.

    That they did is written down first.

    Raises Forbidden for everybody else; SessionEnded and TokenInvalid as acting() does, but also when it reads;
    Unavailable where this process was given no login of that role.
    """
    caller = current_caller()
    if "see_all_companies" not in caller.permission_set.permissions:
        raise Forbidden("Only a super_admin may look at all companies.")
    if settings().operator_database_url is None:
        raise Unavailable("This API was not given ORDERX_OPERATOR_DATABASE_URL, so it sees one company at a time.")
    audit.note_all_companies(caller)
    with db.transaction(Tenant(user_id=caller.user_id)):
        _refuse_outdated(caller)
    with db.operator_transaction():
        yield caller


@contextmanager
def at_shop(shop_id: UUID | None) -> Iterator[UUID | None]:
    """The transaction of this request in the company of a shop, for customers and members alike.

    Yields the shop to keep to, None for all of a member's company. Raises Invalid when a customer names no shop,
    ShopNotFound for an unknown shop, and for another company's when the caller acts for one; and, when it writes, what
    acting() raises.
    """
    caller = current_caller()
    if shop_id is None:
        if caller.company_id is None:
            raise Invalid(fields={"shop_id": ["Say which shop, or log in for your company."]})
        tenant = Tenant(caller.company_id, caller.user_id)
    else:
        tenant = company_at(caller, shop_id)
    with _at(tenant):
        if shop_id is not None:
            shops.the_shop(shop_id=shop_id)
        yield caller.narrow(shop_id)


@contextmanager
def _at(tenant: Tenant) -> Iterator[None]:
    with db.transaction(tenant):
        if writes():
            _refuse_outdated(current_caller())
        if tenant.company_id is not None and stops_while_suspended():
            lifecycle.require_writable(company_id=tenant.company_id)
        yield


def _refuse_outdated(caller: Caller) -> None:
    """An access token says what its bearer was when it was made; a key was looked up with this request."""
    if caller.role != MACHINE and not identity.has_role(
        caller.role, session_id=caller.session_id, user_id=caller.user_id, company_id=caller.company_id,
        shop_id=caller.shop_id,
    ):  # fmt: skip
        raise TokenInvalid


def company_at(caller: Caller, shop_id: UUID) -> Tenant:
    """The company to act for at this shop: a member's own, or for a customer the one that owns the shop.

    Raises ShopNotFound when there is no such shop; whether it is the member's company's is for the reader to see.
    """
    caller.narrow(shop_id)
    return Tenant(caller.company_id or _owner(shop_id), caller.user_id)


@lru_cache(maxsize=10_000)  # a shop never changes hands
def _owner(shop_id: UUID) -> UUID:
    with db.transaction(Tenant()):
        return shops.company_of(shop_id=shop_id)

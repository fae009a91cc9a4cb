"""The one transaction of a request, and the company it acts for."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from uuid import UUID

from api.auth import audit
from api.auth.caller import API_KEY, Caller, current_caller
from api.auth.requirements import is_request_blocked_while_suspended, is_write
from api.auth.tokens import TokenInvalid
from domain.access import queries as access
from domain.access.permissions import ACCESS_ALL_COMPANIES
from domain.companies import lifecycle
from domain.shops import queries as shops
from kit import db
from kit.config import settings
from kit.errors import Forbidden, Invalid, Unavailable
from kit.tenancy import Tenant


@contextmanager
def request_transaction() -> Iterator[Caller]:
    """The transaction of this request, for the company in the caller's token; commits at the end.

    For writes it raises CompanySuspended if the company is suspended, SessionEnded if the session has ended, and
    TokenInvalid if the token is outdated: the user was erased or no longer has the role.
    """
    with company_transaction(current_caller().company_id) as caller:
        yield caller


@contextmanager
def company_transaction(company_id: UUID | None) -> Iterator[Caller]:
    """request_transaction() for another company than the one in the caller's token, or for none."""
    caller = current_caller()
    with _transaction(Tenant(company_id=company_id, user_id=caller.user_id)):
        yield caller


@contextmanager
def all_companies_transaction() -> Iterator[Caller]:
    """A transaction with the operator's database role, which sees all companies; for super admins only.

    The access is recorded in the audit log first. Raises Forbidden for other callers, SessionEnded and TokenInvalid as
    request_transaction() does (for reads, too), and Unavailable if ORDERX_OPERATOR_DATABASE_URL is not set.
    """
    caller = current_caller()
    if not caller.permission_set.includes(ACCESS_ALL_COMPANIES):
        raise Forbidden("Only a super_admin may read all companies.")
    if settings().operator_database_url is None:
        raise Unavailable("ORDERX_OPERATOR_DATABASE_URL is not set, so this API reads one company at a time.")
    audit.record_all_companies_access(caller)
    with db.transaction(Tenant(user_id=caller.user_id)):
        _refuse_outdated_token(caller)
    with db.operator_transaction():
        yield caller


@contextmanager
def shop_transaction(shop_id: UUID | None) -> Iterator[UUID | None]:
    """The transaction of this request in the company that owns the shop, for customers and members.

    Yields the id of the shop to filter by, or None for all shops of a member's company. Raises Invalid if a customer
    names no shop, ShopNotFound if the shop is unknown or not of the member's company, and for writes what
    request_transaction() raises.
    """
    caller = current_caller()
    if shop_id is None:
        if caller.company_id is None:
            raise Invalid(fields={"shop_id": ["Name a shop, or log in for your company."]})
        tenant = Tenant(caller.company_id, caller.user_id)
    else:
        tenant = tenant_of_shop(caller, shop_id)
    with _transaction(tenant):
        if shop_id is not None:
            shops.the_shop(shop_id=shop_id)
        yield caller.restrict_to_shop(shop_id)


@contextmanager
def _transaction(tenant: Tenant) -> Iterator[None]:
    with db.transaction(tenant):
        if is_write():
            _refuse_outdated_token(current_caller())
        if tenant.company_id is not None and is_request_blocked_while_suspended():
            lifecycle.require_writable(company_id=tenant.company_id)
        yield


def _refuse_outdated_token(caller: Caller) -> None:
    """Compare the role in the access token with the database. An API key was read from it in this request already."""
    if caller.role != API_KEY and not access.has_role(
        caller.role, session_id=caller.session_id, user_id=caller.user_id, company_id=caller.company_id,
        shop_id=caller.shop_id,
    ):  # fmt: skip
        raise TokenInvalid


def tenant_of_shop(caller: Caller, shop_id: UUID) -> Tenant:
    """The company to act for in this shop: a member's own company, or for a customer the owner of the shop.

    Raises ShopNotFound if there is no such shop. For members the caller must check that the shop is their company's.
    """
    caller.restrict_to_shop(shop_id)
    return Tenant(caller.company_id or _owner_of_shop(shop_id), caller.user_id)


@lru_cache(maxsize=10_000)  # the owner of a shop never changes
def _owner_of_shop(shop_id: UUID) -> UUID:
    with db.transaction(Tenant()):
        return shops.company_of(shop_id=shop_id)

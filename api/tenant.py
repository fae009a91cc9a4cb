"""The request's one transaction, and the company it acts for."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from api.caller import Caller, current_caller
from domain.shops import queries as shops
from kit import db, tenancy
from kit.errors import Invalid
from kit.tenancy import Tenant


@contextmanager
def acting() -> Iterator[Caller]:
    """The transaction of this request, for its caller and the company they act for; commits at the end."""
    caller = current_caller()
    with db.transaction(Tenant(company_id=caller.company_id, user_id=caller.user_id)):
        yield caller


@contextmanager
def at_shop(shop_id: UUID | None) -> Iterator[UUID | None]:
    """The transaction of this request in the company of a shop, for customers and members alike.

    Yields the shop to keep to, None for all of a member's company. Raises Invalid when a customer names no shop,
    ShopNotFound for an unknown shop, and for another company's when the caller acts for one.
    """
    with acting() as caller:
        if caller.company_id is None:
            _enter(shop_id, caller)
        elif shop_id is not None:
            shops.the_shop(shop_id=shop_id)
        yield caller.narrow(shop_id)


def _enter(shop_id: UUID | None, caller: Caller) -> None:
    if shop_id is None:
        raise Invalid(fields={"shop_id": ["Say which shop, or log in for your company."]})
    company_id = shops.company_of(shop_id=shop_id)
    tenancy.act_for(db.session(), Tenant(company_id=company_id, user_id=caller.user_id))

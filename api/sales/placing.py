"""From a request to a pending order: the key looked up, the card exchanged for a token, then one transaction."""

from dataclasses import dataclass
from typing import Any

from api.caller import Caller
from api.sales import views
from api.sales.preferences import fingerprint, idempotency_key
from api.tenant import at_shop
from domain.companies import queries as companies
from domain.identity import queries as identity
from domain.payments import cards
from domain.payments.stripe_gateway import gateway
from domain.sales import queries as sales
from domain.sales import repeats
from domain.shops import queries as shops
from domain.shops.errors import ShopNotFound
from kit import clock
from kit.errors import Invalid
from kit.tenancy import Tenant
from saga.place_order import place_order


@dataclass(frozen=True, slots=True)
class Placed:
    """The order as it is shown, the company it is in, and whether it was there before."""

    order: dict[str, Any]
    tenant: Tenant
    replayed: bool


def place(caller: Caller, body: dict[str, Any]) -> Placed:
    """Place the order of a request's body, or find the one that its Idempotency-Key placed before."""
    key = idempotency_key()
    seal = fingerprint() if key else b""
    try:
        before = _look_before(caller, body, key, seal)
        return before or _place(caller, body, _token(body["payment"]), key, seal)
    except ShopNotFound:
        raise Invalid(fields={"shop_id": ["There is no such shop."]}) from None


def _look_before(caller: Caller, body: dict[str, Any], key: str | None, seal: bytes) -> Placed | None:
    """The earlier order, if any; and refuse a card that the company does not want to see."""
    with at_shop(body["shop_id"]):
        before = _earlier(caller, key, seal) if key else None
        company = companies.the_company(company_id=_company_id(body))
    if before is None and "card" in body["payment"] and not company.accepts_raw_cards:
        told = "Give the card to the payment provider in the browser, and send payment_method."
        raise Invalid(fields={"payment.card": [told]})
    return before


def _token(payment: dict[str, Any]) -> str:
    if "payment_method" in payment:
        return str(payment["payment_method"])
    cards.check(payment["card"], now=clock.now())
    return gateway().tokenise(payment["card"])


def _place(caller: Caller, body: dict[str, Any], token: str, key: str | None, seal: bytes) -> Placed:
    now = clock.now()
    with at_shop(body["shop_id"]):
        if key:
            repeats.claim(caller_id=caller.user_id, key=key)
            before = _earlier(caller, key, seal)
            if before:
                return before
        company_id = _company_id(body)
        order = place_order(
            company_id=company_id, customer=identity.the_user(user_id=caller.user_id), shop_id=body["shop_id"],
            lines=body["lines"], discount_percent=body["discount_percent"],
            shipping_address=body["shipping_address"], payment_method=token, now=now,
        )  # fmt: skip
        if key:
            repeats.remember(
                caller_id=caller.user_id, key=key, fingerprint=seal, order_id=order.id, company_id=company_id, now=now
            )
        return Placed(views.whole(order), Tenant(company_id, caller.user_id), replayed=False)


def _earlier(caller: Caller, key: str, seal: bytes) -> Placed | None:
    order_id = repeats.earlier_order(caller_id=caller.user_id, key=key, fingerprint=seal, now=clock.now())
    if order_id is None:
        return None
    order = sales.the_order(order_id=order_id)
    return Placed(views.whole(order), Tenant(order.company_id, caller.user_id), replayed=True)


def _company_id(body: dict[str, Any]) -> Any:
    return shops.the_shop(shop_id=body["shop_id"]).company_id

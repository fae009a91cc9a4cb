"""From a request to a pending order: the key looked up, the card exchanged for a token, then one transaction."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import g

from api.caller import Caller
from api.networks import network_of_request
from api.sales import views
from api.sales.preferences import fingerprint, idempotency_key
from api.tenant import company_at
from domain.payments import cards, declines
from domain.payments.declines import PaymentSource
from domain.payments.errors import CardRefused
from domain.payments.gateway import Token
from domain.payments.stripe_gateway import gateway
from domain.sales import idempotency, order_context
from domain.sales import queries as sales
from domain.shops.errors import ShopNotFound
from kit import clock, db
from kit.errors import Forbidden, Invalid
from kit.process import failpoints
from kit.tenancy import Tenant
from saga.place_order import place_order


@dataclass(frozen=True, slots=True)
class Shown:
    """The order as it is shown, the company it is in, and whether it was there before."""

    order: dict[str, Any]
    tenant: Tenant
    replayed: bool


def place(caller: Caller, body: dict[str, Any]) -> Shown:
    """Place the order of a request's body, or find the one that its Idempotency-Key placed before."""
    if body["discount_percent"] and "give_discount" not in caller.permission_set.permissions:
        raise Forbidden("Only members of a company may give a discount: leave out discount_percent.")
    key = idempotency_key()
    seal = fingerprint() if key else b""
    try:
        tenant = company_at(caller, body["shop_id"])
        network = network_of_request()
        if "card" in body["payment"]:
            before = _look_before(tenant, caller, body, key, seal, network=network)
            if before:
                return before
        token = _token(tenant, body["payment"], network=network)
        failpoints.hit("order.tokenised")
        paying = PaymentSource(token.method, token.card, network)
        placed = _place(tenant, caller, body, paying=paying, key=key, seal=seal)
    except ShopNotFound:
        raise Invalid(fields={"shop_id": ["There is no such shop."]}) from None
    failpoints.hit("order.placed")
    return placed


def _look_before(
    tenant: Tenant, caller: Caller, body: dict[str, Any], key: str | None, seal: bytes, *, network: bytes
) -> Shown | None:
    """The earlier order, if any; and refuse a card that the company does not want to see, or one too many."""
    with db.transaction(tenant):
        if key:
            earlier = idempotency.find_order(caller_id=caller.user_id, key=key, fingerprint=seal, now=clock.now())
            if earlier:
                return _as_it_is(caller, earlier)
        accepted = order_context.accepts_raw_card(
            **_whose(tenant), session_id=caller.session_id, shop_id=body["shop_id"],
            payment_source=PaymentSource(None, None, network), now=clock.now(),
        )  # fmt: skip
    if not accepted:
        told = "Give the card to the payment provider in the browser, and send payment_method."
        raise Invalid(fields={"payment.card": [told]})
    return None


def _token(tenant: Tenant, payment: dict[str, Any], *, network: bytes) -> Token:
    if "payment_method" in payment:
        return Token(str(payment["payment_method"]), None)
    cards.check(payment["card"], now=clock.now())
    try:
        return gateway().tokenise(payment["card"])
    except CardRefused:
        with db.transaction(tenant):
            declines.record_refused_card(PaymentSource(None, None, network), **_whose(tenant), now=clock.now())
        raise


def _whose(tenant: Tenant) -> dict[str, UUID]:
    assert tenant.company_id is not None
    assert tenant.user_id is not None
    return {"company_id": tenant.company_id, "customer_id": tenant.user_id}


def _place(
    tenant: Tenant, caller: Caller, body: dict[str, Any], *, paying: PaymentSource, key: str | None, seal: bytes
) -> Shown:
    now = clock.now()
    assert tenant.company_id is not None
    with db.transaction(tenant):
        if key:
            earlier = idempotency.lock(caller_id=caller.user_id, key=key, fingerprint=seal, now=now)
            if earlier:
                return _as_it_is(caller, earlier)
        placed = place_order(
            company_id=tenant.company_id, customer_id=caller.user_id, session_id=caller.session_id,
            shop_id=body["shop_id"], lines=body["lines"], discount_percent=body["discount_percent"],
            shipping_address=body["shipping_address"], payment_source=paying, now=now, traceparent=g.traceparent,
        )  # fmt: skip
        if key:
            idempotency.save(
                caller_id=caller.user_id, key=key, fingerprint=seal, order_id=placed.order.id,
                company_id=tenant.company_id, now=now,
            )  # fmt: skip
    return Shown(views.just_placed(placed), tenant, replayed=False)


def _as_it_is(caller: Caller, order_id: UUID) -> Shown:
    """An earlier order as it is by now."""
    order = sales.the_order(order_id=order_id)
    return Shown(views.whole(order, to_seller=caller.sells), Tenant(order.company_id, caller.user_id), replayed=True)

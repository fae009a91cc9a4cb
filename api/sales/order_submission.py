"""Place an order: look up the idempotency key, exchange the card for a token, then write in one transaction."""

from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from api.auth.caller import Caller
from api.auth.client_network import client_network_hash
from api.auth.transactions import tenant_of_shop
from api.sales import serializers
from api.sales.request_headers import fingerprint, idempotency_key
from domain.payments import cards, declines
from domain.payments.declines import BelowDeclineLimits, PaymentSource
from domain.payments.errors import CardRefused
from domain.payments.gateway import Token
from domain.payments.stripe_gateway import gateway
from domain.sales import idempotency, order_context
from domain.sales import queries as sales
from domain.sales.new_order import OrderOptions
from domain.sales.permissions import APPLY_DISCOUNTS
from domain.shops.errors import ShopNotFound
from kit import clock, db
from kit.errors import Forbidden, Invalid
from kit.process import failpoints
from kit.tenancy import Tenant
from saga.place_order import place_order


@dataclass(frozen=True, slots=True)
class Submission:
    """The serialized order, its company, and whether an earlier request with the same key has placed it."""

    order: dict[str, Any]
    tenant: Tenant
    replayed: bool


def submit(caller: Caller, body: dict[str, Any]) -> Submission:
    """Place the order, or return the one that an earlier request with the same Idempotency-Key has placed."""
    if body["discount_percent"] and not caller.permission_set.includes(APPLY_DISCOUNTS):
        raise Forbidden("Only members of the company may give a discount. Leave discount_percent out.")
    if body["channel"] != "shop" and not caller.is_seller:
        raise Forbidden("Only members of the company may place orders of other channels. Leave channel out.")
    key = idempotency_key()
    body_hash = fingerprint() if key else b""
    try:
        tenant = tenant_of_shop(caller, body["shop_id"])
        network_hash = client_network_hash()
        if "card" in body["payment"]:
            earlier = _check_card_payment(tenant, caller, body, key, body_hash, network_hash=network_hash)
            if earlier:
                return earlier
        token = _token(tenant, body["payment"], network_hash=network_hash)
        failpoints.hit("order.tokenised")
        attempt = PaymentSource(token.method, token.card_fingerprint, network_hash)
        placed = _write_order(tenant, caller, body, attempt=attempt, key=key, body_hash=body_hash)
    except ShopNotFound:
        raise Invalid(fields={"shop_id": ["There is no shop with this id."]}) from None
    failpoints.hit("order.placed")
    return placed


def _check_card_payment(
    tenant: Tenant, caller: Caller, body: dict[str, Any], key: str | None, body_hash: bytes, *, network_hash: bytes
) -> Submission | None:
    """The order that the key has placed earlier, if any. Otherwise check that the caller may pay with a card now.

    Raises Invalid if the company does not accept card data, and an error after too many declined payments.
    """
    with db.transaction(tenant):
        if key:
            earlier = idempotency.find_order(caller_id=caller.user_id, key=key, fingerprint=body_hash, now=clock.now())
            if earlier:
                return _replay(caller, earlier)
        now = clock.now()
        accepted = order_context.accepts_raw_card(
            user_id=caller.user_id, session_id=caller.session_id, shop_id=body["shop_id"], now=now,
            precondition=BelowDeclineLimits(PaymentSource(None, None, network_hash), **_owner(tenant), now=now),
        )  # fmt: skip
    if not accepted:
        message = "Send the card to the payment provider from the browser, and payment_method to this API."
        raise Invalid(fields={"payment.card": [message]})
    return None


def _token(tenant: Tenant, payment: dict[str, Any], *, network_hash: bytes) -> Token:
    if "payment_method" in payment:
        return Token(str(payment["payment_method"]), None)
    cards.check(payment["card"], now=clock.now())
    try:
        return gateway().tokenise(payment["card"])
    except CardRefused:
        with db.transaction(tenant):
            declines.record_refused_card(PaymentSource(None, None, network_hash), **_owner(tenant), now=clock.now())
        raise


def _owner(tenant: Tenant) -> dict[str, UUID]:
    assert tenant.company_id is not None
    assert tenant.user_id is not None
    return {"company_id": tenant.company_id, "user_id": tenant.user_id}


def _write_order(
    tenant: Tenant, caller: Caller, body: dict[str, Any], *, attempt: PaymentSource, key: str | None, body_hash: bytes
) -> Submission:
    now = clock.now()
    assert tenant.company_id is not None
    with db.transaction(tenant):
        if key:
            earlier = idempotency.lock(caller_id=caller.user_id, key=key, fingerprint=body_hash, now=now)
            if earlier:
                return _replay(caller, earlier)
        placed = place_order(
            company_id=tenant.company_id, user_id=caller.user_id, session_id=caller.session_id,
            shop_id=body["shop_id"], lines=body["lines"], discount_percent=body["discount_percent"],
            shipping_address=body["shipping_address"], options=_options(body), payment_source=attempt, now=now,
        )  # fmt: skip
        if key:
            idempotency.save(
                caller_id=caller.user_id, key=key, fingerprint=body_hash, order_id=placed.order.id,
                company_id=tenant.company_id, now=now,
            )  # fmt: skip
    return Submission(serializers.new_order(placed), tenant, replayed=False)


def _options(body: dict[str, Any]) -> OrderOptions:
    return OrderOptions(**{each.name: body[each.name] for each in fields(OrderOptions)})


def _replay(caller: Caller, order_id: UUID) -> Submission:
    """An earlier order in its current state."""
    order = sales.the_order(order_id=order_id)
    return Submission(
        serializers.full_order(order, to_seller=caller.is_seller),
        Tenant(order.company_id, caller.user_id),
        replayed=True,
    )

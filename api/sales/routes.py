"""Placing orders, watching them, and cancelling them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from api.blueprint import Blueprint
from api.caller import CUSTOMER, Caller, current_caller
from api.etags import etag
from api.openapi import IDEMPOTENCY_KEY, IF_NONE_MATCH, PREFER
from api.sales import examples, placing, views
from api.sales.preferences import await_end, place_to_wait, wanted_wait
from api.sales.schemas import (
    CancellationSchema,
    NewOrderSchema,
    OrderProgressSchema,
    OrderSagasSchema,
    OrderSchema,
    OrdersQuery,
    OrderSummarySchema,
)
from api.schemas import page, page_of
from api.tenant import acting
from domain.identity.errors import EmailUnverified
from domain.sales import queries as sales
from domain.sales.errors import TransitionNotAllowed
from domain.sales.models import Order
from kit import db, tenancy
from kit.process import failpoints
from kit.tenancy import Tenant
from saga.cancel_order import request_cancellation
from saga.engine import queries as journal
from saga.engine.locked_saga import SagaRef
from saga.place_order import PLACE_ORDER
from saga.registry import find

blueprint = Blueprint("orders", __name__, url_prefix="/api/orders", description="Placing and following orders")


@blueprint.post("")
@blueprint.doc(parameters=[IDEMPOTENCY_KEY, PREFER])
@blueprint.arguments(NewOrderSchema, examples=examples.TO_PLACE)
@blueprint.response(202, OrderSchema, examples=examples.PENDING)
@blueprint.alt_response(
    201,
    schema=OrderSchema,
    description="The order has ended while you waited",
    examples=examples.PAID | examples.FAILED,
)
@blueprint.refuses(EmailUnverified)
@blueprint.alt_response(409, "Conflict")
@blueprint.alt_response(429, "TooManyRequests")
def place_order(body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Place an order.

    It is pending at first; then its stock is reserved and its payment authorised, the payment captured, the stock
    sold and a mail sent. If anything fails before the payment is captured, everything is put back and the order says
    why it failed; what is left afterwards is tried again until it is done.

    Send an `Idempotency-Key` so that repeating the request cannot place a second order: the same key and body answer
    the same order, as it is by then. Send `Prefer: wait=N` to be answered once the order has ended, or after N seconds;
    when too many wait already you are answered at once, without `Preference-Applied`.

    After too many declined payments within ten minutes (`too_many_declines`) nothing is placed and no bank is asked;
    `Retry-After` says for how long.
    """
    caller = current_caller()
    placed = placing.place(caller, body)
    headers = {"Location": f"/api/orders/{placed.order['id']}"}
    if placed.replayed:
        headers["Idempotent-Replayed"] = "true"
    wait = wanted_wait()
    if wait is None:
        return placed.order, 202, headers
    with place_to_wait() as there_is_one:
        if not there_is_one:
            return placed.order, 202, headers
        headers["Preference-Applied"] = f"wait={wait}"
        ended = await_end(placed.order, tenant=placed.tenant, seconds=wait, to_seller=caller.sells)
    return (ended, 201, headers) if ended else (placed.order, 202, headers)


@blueprint.get("")
@blueprint.arguments(OrdersQuery, location="query")
@blueprint.response(200, page_of(OrderSummarySchema))
@blueprint.alt_response(404, "NotFound")
def list_orders(query: dict[str, Any]) -> dict[str, Any]:
    """List orders, the newest first: your own, or those of your company.

    Whoever works in one shop sees that shop's.
    """
    limit = query.pop("limit")
    with acting() as caller:
        if caller.role == CUSTOMER:
            query["customer_id"] = caller.user_id
        else:
            query["shop_id"] = caller.narrow(query["shop_id"])
        found = page(sales.orders(limit=limit + 1, **query), limit)
    return {**found, "data": [views.summary(order, to_seller=caller.sells) for order in found["data"]]}


@blueprint.get("/<uuid:order_id>")
@blueprint.response(200, OrderSchema, examples=examples.PAID | examples.FAILED | examples.CANCELLED)
def get_order(order_id: UUID) -> dict[str, Any]:
    """Show an order."""
    with _visible(order_id) as (caller, order):
        return views.whole(order, to_seller=caller.sells)


@blueprint.get("/<uuid:order_id>/status")
@blueprint.doc(parameters=[IF_NONE_MATCH])
@blueprint.response(200, OrderProgressSchema)
def get_order_status(order_id: UUID) -> tuple[dict[str, Any], dict[str, str]]:
    """Show where an order stands.

    Cheap, for asking often; send the `ETag` you got as `If-None-Match` and nothing is sent until it changes.
    """
    with acting() as caller:
        row = sales.the_status(order_id=order_id, **_whose(caller))
    return views.status_of(row), etag(row.version)


@blueprint.get("/<uuid:order_id>/saga")
@blueprint.response(200, OrderSagasSchema)
def get_order_saga(order_id: UUID) -> dict[str, Any]:
    """Show an order's timeline.

    Each step of its saga with attempts, times, outcome and undo, and everything that happened, in order.
    """
    with _visible(order_id) as (caller, _):
        told = [views.story(saga, to_seller=caller.sells) for saga in journal.sagas_about(subject_id=order_id)]
    return {"data": told}


@blueprint.post("/<uuid:order_id>/cancel")
@blueprint.arguments(CancellationSchema, examples=examples.TO_CANCEL)
@blueprint.response(202, OrderSchema, examples=examples.BEING_CANCELLED)
@blueprint.alt_response(409, "Conflict")
def cancel_order(body: dict[str, Any], order_id: UUID) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Cancel an order.

    While it is pending the cancellation waits its turn and everything is put back; when it is paid already, the money
    is given back and the goods are taken back. The answer is the order as it is now, with `being_cancelled`: look
    again for its end.
    """
    with _visible(order_id) as (caller, order):
        placing = journal.saga_state(PLACE_ORDER.name, subject_id=order.id)
    if placing is None:
        raise TransitionNotAllowed("this order is too old to be cancelled")
    ref = SagaRef(placing.id, order.company_id)
    request_cancellation(ref, find, reason=body["reason"], by=str(caller.user_id))
    failpoints.hit("order.cancellation_requested")
    with _visible(order_id) as (_, order):
        return views.whole(order, to_seller=caller.sells), 202, {"Location": f"/api/orders/{order_id}"}


@contextmanager
def _visible(order_id: UUID) -> Iterator[tuple[Caller, Order]]:
    """The order, if the caller may see it, in a transaction that acts for its company."""
    with acting() as caller:
        order = sales.the_order(order_id=order_id, **_whose(caller))
        if caller.company_id is None:
            db.run(tenancy.SET_TENANT, tenancy.as_params(Tenant(company_id=order.company_id, user_id=caller.user_id)))
        yield caller, order


def _whose(caller: Caller) -> dict[str, UUID | None]:
    """Whose orders the caller may see: a customer their own, a shop's people that shop's."""
    if caller.role == CUSTOMER:
        return {"customer_id": caller.user_id}
    return {"shop_id": caller.shop_id}

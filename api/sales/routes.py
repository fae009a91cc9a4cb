"""Place, list, show and cancel orders."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from api.auth.caller import CUSTOMER, Caller, current_caller
from api.auth.transactions import request_transaction
from api.http.blueprint import Blueprint
from api.http.etags import etag
from api.http.openapi import IDEMPOTENCY_KEY_HEADER, IF_NONE_MATCH_HEADER, PREFER_HEADER
from api.http.schemas import page_of
from api.sales import examples, order_list, order_submission, serializers
from api.sales.order_list import OrdersQuery
from api.sales.request_headers import await_outcome, requested_wait, wait_slot
from api.sales.saga_schemas import OrderSagasSchema
from api.sales.schemas import (
    CancellationSchema,
    NewOrderSchema,
    OrderProgressSchema,
    OrderSchema,
    OrderSummarySchema,
)
from domain.accounts.errors import EmailUnverified
from domain.sales import queries as sales
from domain.sales.errors import TransitionNotAllowed
from domain.sales.models import Order
from kit import db
from kit.paging import Page
from kit.process import failpoints
from kit.tenancy import Tenant
from saga.cancel_order import request_cancellation
from saga.engine import queries as journal
from saga.engine.locked_saga import SagaRef
from saga.place_order import PLACE_ORDER
from saga.registry import find

blueprint = Blueprint("orders", __name__, url_prefix="/api/orders", description="Orders")


@blueprint.post("")
@blueprint.requires("place_orders")
@blueprint.doc(parameters=[IDEMPOTENCY_KEY_HEADER, PREFER_HEADER])
@blueprint.arguments(NewOrderSchema, examples=examples.PLACE_ORDER_REQUESTS)
@blueprint.response(202, OrderSchema, examples=examples.PENDING)
@blueprint.alt_response(
    201,
    schema=OrderSchema,
    description="The order was paid or has failed while you waited",
    examples=examples.PAID | examples.FAILED,
)
@blueprint.refuses(EmailUnverified)
@blueprint.alt_response(409, "Conflict")
@blueprint.alt_response(429, "TooManyRequests")
def place_order(body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Place an order.

    The order is pending at first. Then its stock is reserved and the payment authorised, the payment is captured, the
    stock is committed and a mail is sent. If a step fails before the payment is captured, all steps are undone, and the
    order has a `failure`. Steps after that are retried until they succeed.

    Send an `Idempotency-Key` so that a repeated request does not place a second order: the response to the same key and
    body is the same order in its current state. Send `Prefer: wait=N` to wait until the order is paid or failed, at
    most N seconds. If too many requests are waiting, the response comes immediately, without `Preference-Applied`.

    After too many declined payments within ten minutes, orders are refused (`too_many_declines`) without asking the
    bank. `Retry-After` has the time to wait.
    """
    caller = current_caller()
    submission = order_submission.submit(caller, body)
    headers = {"Location": f"/api/orders/{submission.order['id']}"}
    if submission.replayed:
        headers["Idempotent-Replayed"] = "true"
    wait = requested_wait()
    if wait is None:
        return submission.order, 202, headers
    with wait_slot() as slot_is_free:
        if not slot_is_free:
            return submission.order, 202, headers
        headers["Preference-Applied"] = f"wait={wait}"
        decided = await_outcome(submission.order, tenant=submission.tenant, seconds=wait, to_seller=caller.is_seller)
    return (decided, 201, headers) if decided else (submission.order, 202, headers)


@blueprint.get("")
@blueprint.requires("read_orders")
@blueprint.arguments(OrdersQuery, location="query")
@blueprint.response(200, page_of(OrderSummarySchema))
@blueprint.alt_response(404, "NotFound")
def list_orders(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """List orders: your own orders as a customer, or those of your company.

    The newest come first, unless you `sort` them otherwise. Members who work in one shop see the orders of that shop.
    Members can search by `q`. Orders have their lines with `include=lines`.
    """
    with request_transaction() as caller:
        return order_list.orders(caller, query)


@blueprint.get("/<uuid:order_id>")
@blueprint.requires("read_orders")
@blueprint.response(200, OrderSchema, examples=examples.PAID | examples.FAILED | examples.CANCELLED)
def get_order(order_id: UUID) -> dict[str, Any]:
    """Show an order."""
    with _visible_order(order_id) as (caller, order):
        return serializers.full_order(order, to_seller=caller.is_seller)


@blueprint.get("/<uuid:order_id>/status")
@blueprint.requires("read_orders")
@blueprint.doc(parameters=[IF_NONE_MATCH_HEADER])
@blueprint.response(200, OrderProgressSchema)
def get_order_status(order_id: UUID) -> tuple[dict[str, Any], dict[str, str]]:
    """Show the status of an order.

    Use this for polling: it is fast, and with the last `ETag` in `If-None-Match` the response is 304 until the status
    changes.
    """
    with request_transaction() as caller:
        row = sales.the_status(order_id=order_id, **_visible_to(caller))
    return serializers.status_of(row), etag(row.version)


@blueprint.get("/<uuid:order_id>/saga")
@blueprint.requires("read_orders")
@blueprint.response(200, OrderSagasSchema)
def list_order_sagas(order_id: UUID) -> dict[str, Any]:
    """List the sagas of an order, with a timeline.

    Each saga has its steps with attempts, times, outcome and undo, and all its events in order.
    """
    with _visible_order(order_id) as (caller, _):
        sagas = [
            serializers.saga_timeline(saga, to_seller=caller.is_seller)
            for saga in journal.sagas_about(subject_id=order_id)
        ]
    return {"data": sagas}


@blueprint.post("/<uuid:order_id>/cancel")
@blueprint.requires("cancel_orders")
@blueprint.arguments(CancellationSchema, examples=examples.CANCEL_REQUESTS)
@blueprint.response(202, OrderSchema, examples=examples.BEING_CANCELLED)
@blueprint.alt_response(409, "Conflict")
def cancel_order(body: dict[str, Any], order_id: UUID) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Cancel an order.

    If the order is pending, its steps are undone as soon as the current one has finished. If it is paid, the payment is
    refunded and the stock is put back. The response is the current order, with `cancellation_requested`. Read the order
    again to see the outcome.
    """
    with _visible_order(order_id) as (caller, order):
        saga = journal.saga_state(PLACE_ORDER.name, subject_id=order.id)
    if saga is None:
        raise TransitionNotAllowed("this order is too old to be cancelled")
    ref = SagaRef(saga.id, order.company_id)
    request_cancellation(order_id, ref, find, reason=body["reason"], by=str(caller.user_id))
    failpoints.hit("order.cancellation_requested")
    with _visible_order(order_id) as (_, order):
        return serializers.full_order(order, to_seller=caller.is_seller), 202, {"Location": f"/api/orders/{order_id}"}


@contextmanager
def _visible_order(order_id: UUID) -> Iterator[tuple[Caller, Order]]:
    """The order in a transaction for its company; raises OrderNotFound if the caller may not see it."""
    with request_transaction() as caller:
        order = sales.the_order(order_id=order_id, **_visible_to(caller))
        if caller.company_id is None:
            db.act_for(Tenant(company_id=order.company_id, user_id=caller.user_id))
        yield caller, order


def _visible_to(caller: Caller) -> dict[str, UUID | None]:
    """A filter for the orders that the caller may see: a customer's own, or those of the member's shop."""
    if caller.role == CUSTOMER:
        return {"user_id": caller.user_id}
    return {"shop_id": caller.shop_id}

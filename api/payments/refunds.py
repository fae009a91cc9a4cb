"""Suggest, grant, withdraw, execute and show refunds."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from api.auth.caller import Caller
from api.auth.transactions import request_transaction
from api.http.blueprint import Blueprint
from api.payments.schemas import (
    NewRefundSchema,
    PaymentsSchema,
    RefundRequestSchema,
    RefundSchema,
    RefundsSchema,
    RefundSuggestionSchema,
)
from domain.payments import refund_plan, refunds
from domain.payments.balances import PaymentBalance, balances
from domain.payments.errors import SecondPersonRequired
from domain.payments.models import Refund
from domain.payments.refund_plan import RefundPlan
from domain.sales import queries as sales
from domain.sales.models import Order
from kit import clock
from saga.refund_payment import request_execution
from saga.registry import find

blueprint = Blueprint("refunds", __name__, url_prefix="/api", description="Payments and refunds")


@blueprint.get("/orders/<uuid:order_id>/payments")
@blueprint.requires("read_payments")
@blueprint.response(200, PaymentsSchema)
def list_order_payments(order_id: UUID) -> dict[str, list[PaymentBalance]]:
    """List the payments of an order, with what was captured, refunded and can still be refunded of each."""
    with _order_of_caller(order_id) as (_, order):
        return {"data": [*balances(order_ids=[order.id])[order.id]]}


@blueprint.post("/orders/<uuid:order_id>/refund-suggestions")
@blueprint.requires("read_payments")
@blueprint.arguments(RefundRequestSchema)
@blueprint.response(200, RefundSuggestionSchema)
@blueprint.alt_response(409, "Conflict")
def suggest_refund(body: dict[str, Any], order_id: UUID) -> RefundPlan:
    """Show what a refund would pay back: how much, for which units, and to which payments. Nothing is changed."""
    with _order_of_caller(order_id) as (_, order):
        return refund_plan.plan(order, RefundRequestSchema.request_of(body))


@blueprint.post("/orders/<uuid:order_id>/refunds")
@blueprint.requires("grant_refunds")
@blueprint.arguments(NewRefundSchema)
@blueprint.response(201, RefundSchema)
@blueprint.alt_response(409, "Conflict")
def grant_refund(body: dict[str, Any], order_id: UUID) -> tuple[Refund, dict[str, str]]:
    """Grant a refund of an order.

    The amount is promised to the buyer, and can be refunded no other way. No money moves until the refund is executed.
    """
    with _order_of_caller(order_id) as (caller, order):
        refund = refunds.grant(
            order_id=order.id, request=RefundRequestSchema.request_of(body), reason=body["reason"],
            by=caller.user_id, now=clock.now(),
        )  # fmt: skip
    return refund, {"Location": f"/api/refunds/{refund.id}"}


@blueprint.get("/orders/<uuid:order_id>/refunds")
@blueprint.requires("read_payments")
@blueprint.response(200, RefundsSchema)
def list_order_refunds(order_id: UUID) -> dict[str, list[Refund]]:
    """List the refunds of an order, the first one first."""
    with _order_of_caller(order_id) as (_, order):
        return {"data": refunds.refunds_of(order_id=order.id)}


@blueprint.get("/refunds/<uuid:refund_id>")
@blueprint.requires("read_payments")
@blueprint.response(200, RefundSchema)
def get_refund(refund_id: UUID) -> Refund:
    """Show a refund."""
    with _refund_of_caller(refund_id) as (_, refund):
        return refund


@blueprint.post("/refunds/<uuid:refund_id>/withdraw")
@blueprint.requires("grant_refunds")
@blueprint.response(200, RefundSchema)
@blueprint.alt_response(409, "Conflict")
def withdraw_refund(refund_id: UUID) -> Refund:
    """Withdraw a refund that is granted and not executed."""
    with _refund_of_caller(refund_id):
        return refunds.withdraw(refund_id=refund_id, now=clock.now())


@blueprint.post("/refunds/<uuid:refund_id>/execute")
@blueprint.requires("execute_refunds")
@blueprint.response(202, RefundSchema)
@blueprint.refuses(SecondPersonRequired)
@blueprint.alt_response(409, "Conflict")
def execute_refund(refund_id: UUID) -> tuple[Refund, int, dict[str, str]]:
    """Execute a granted refund: the money is paid back.

    The payment provider is asked in the background. Read the refund again to see whether it is `executed`, or `failed`
    because the provider refused a part of it. Above the company's `refund_limit`, another person than the one who
    granted the refund must execute it.
    """
    with _refund_of_caller(refund_id) as (caller, refund):
        pass
    request_execution(
        refund.order_id, refund_id, find, company_id=refund.company_id, by=caller.user_id, now=clock.now()
    )
    with _refund_of_caller(refund_id) as (_, refund):
        return refund, 202, {"Location": f"/api/refunds/{refund_id}"}


@contextmanager
def _order_of_caller(order_id: UUID) -> Iterator[tuple[Caller, Order]]:
    """The order in a transaction for the caller's company; raises OrderNotFound if the caller may not see it."""
    with request_transaction() as caller:
        yield caller, sales.the_order(order_id=order_id, shop_id=caller.shop_id)


@contextmanager
def _refund_of_caller(refund_id: UUID) -> Iterator[tuple[Caller, Refund]]:
    """The refund in a transaction for the caller's company; raises RefundNotFound if the caller may not see it."""
    with request_transaction() as caller:
        refund = refunds.the_refund(refund_id=refund_id, shop_id=caller.shop_id)
        yield caller, refund

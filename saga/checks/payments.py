"""A rule about the payments of orders and those of the provider."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from domain.payments.errors import ProviderPaymentNotFound
from domain.payments.gateway import Answer
from domain.payments.stripe_gateway import gateway
from kit import db
from kit.checks import Check, allow_full_scans

BATCH = 100

_READ_PROVIDER_REFS = text("SELECT order_id, provider_ref FROM payments WHERE provider_ref <> ''")
_READ_PAYMENTS = text("""
    SELECT o.id, o.status, p.status AS payment, p.amount, p.provider_ref,
        o.status <> 'pending' AND NOT EXISTS (
            SELECT FROM sagas s
            WHERE (s.subject_id = o.id OR s.target_id = o.id) AND s.ended_at IS NULL AND s.state <> 'finishing'
        ) AS is_final
    FROM payments p JOIN orders o ON o.id = p.order_id WHERE o.id = ANY(:orders)""")


def payment_differences() -> Iterator[str]:
    """Compare all payments with the provider's, and yield each difference.

    Orders change meanwhile, so our references are read before the provider's list, and the orders after it.
    """
    with db.operator_transaction():
        allow_full_scans()
        not_listed = {row.provider_ref: row.order_id for row in db.session().execute(_READ_PROVIDER_REFS)}
    payments = gateway().every_payment()
    while batch := list(islice(payments, BATCH)):
        orders = _orders([order_id for order_id, _ in batch])
        for order_id, answer in batch:
            not_listed.pop(answer.ref, None)
            yield from _payment_difference(order_id, orders.get(order_id), answer)
    for ref, order_id in not_listed.items():
        try:
            gateway().look_up(ref=ref)
        except ProviderPaymentNotFound:
            yield f"order {order_id} was paid with {ref}, which is unknown to the provider"


def _orders(ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    with db.operator_transaction():
        return {row.id: row for row in db.session().execute(_READ_PAYMENTS, {"orders": ids})}


def _payment_difference(order_id: UUID, order: Row[Any] | None, answer: Answer) -> Iterator[str]:
    """The difference, if the order has not changed while its payment was looked up again."""
    while not _matches(order, answer):
        answer, before = gateway().look_up(ref=answer.ref), order
        order = _orders([order_id]).get(order_id)
        if order == before and not _matches(order, answer):
            yield _description(order_id, order, answer)
            return


def _matches(order: Row[Any] | None, answer: Answer) -> bool:
    if order is None:
        return answer.outcome not in {"authorised", "captured"}
    if not order.is_final:
        return True
    if answer.ref != order.provider_ref or order.payment == "failed":
        return answer.outcome in {"declined", "voided", "refunded"}
    return answer.outcome == order.payment and (answer.outcome != "captured" or answer.amount == order.amount)


def _description(order_id: UUID, order: Row[Any] | None, answer: Answer) -> str:
    if order is None:
        return f"{answer.ref} is {answer.outcome} ({answer.amount}) for order {order_id}, which does not exist"
    return (
        f"order {order_id} is {order.status}, its payment {order.provider_ref} {order.payment} ({order.amount}); "
        f"at the provider {answer.ref} is {answer.outcome} ({answer.amount})"
    )


CHECKS = (Check("payments match the provider's", payment_differences, asks_provider=True),)

"""Rules about the payments and refunds of orders: against the provider, their sagas, and the orders."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from domain.payments.errors import ProviderPaymentNotFound
from domain.payments.gateway import Answer
from domain.payments.matching import paid_with
from domain.payments.stripe_gateway import gateway
from domain.payments.sums import READ_SUMS
from kit import db
from kit.checks import Check, allow_full_scans

BATCH = 100

_READ_PROVIDER_REFS = text("SELECT order_id, provider_ref FROM payments WHERE provider_ref <> ''")
_READ_PAYMENTS = text(f"""
    SELECT p.id AS payment_id, o.id AS order_id, o.status, p.status AS payment, p.amount, p.provider_ref,
        coalesce(s.captured, 0) AS captured, coalesce(s.refunded, 0) AS refunded,
        o.status <> 'pending' AND NOT EXISTS (
            SELECT FROM sagas s
            WHERE (s.subject_id = o.id OR s.target_id = o.id) AND s.ended_at IS NULL AND s.state <> 'finishing'
        ) AS is_final
    FROM payments p JOIN orders o ON o.id = p.order_id
    LEFT JOIN ({
    READ_SUMS.format(
        events="(SELECT * FROM payment_events WHERE payment_id IN (SELECT id FROM payments"
        " WHERE order_id = ANY(:orders))) e"
    )
}) s ON s.payment_id = p.id
    WHERE o.id = ANY(:orders) ORDER BY p.id""")  # noqa: S608 - constants only


def payment_differences() -> Iterator[str]:
    """Compare all payments with the provider's, and yield each difference.

    Orders change meanwhile, so our references are read before the provider's list, and the orders after it.
    """
    with db.operator_transaction():
        allow_full_scans()
        not_listed = {row.provider_ref: row.order_id for row in db.session().execute(_READ_PROVIDER_REFS)}
    payments = gateway().every_payment()
    while batch := list(islice(payments, BATCH)):
        payments_of = _payments([order_id for order_id, _ in batch])
        for order_id, answer in batch:
            not_listed.pop(answer.ref, None)
            yield from _payment_difference(order_id, paid_with(answer, payments_of.get(order_id, ())), answer)
    for ref, order_id in not_listed.items():
        try:
            gateway().look_up(ref=ref)
        except ProviderPaymentNotFound:
            yield f"order {order_id} was paid with {ref}, which is unknown to the provider"


def _payments(order_ids: Sequence[UUID]) -> dict[UUID, list[Row[Any]]]:
    found: dict[UUID, list[Row[Any]]] = {}
    with db.operator_transaction():
        for row in db.session().execute(_READ_PAYMENTS, {"orders": order_ids}):
            found.setdefault(row.order_id, []).append(row)
    return found


def _payment_difference(order_id: UUID, payment: Row[Any] | None, answer: Answer) -> Iterator[str]:
    """The difference, if the payment has not changed while it was looked up again."""
    while not _matches(payment, answer):
        answer, before = gateway().look_up(ref=answer.ref), payment
        payment = paid_with(answer, _payments([order_id]).get(order_id, ()))
        if payment == before and not _matches(payment, answer):
            yield _description(order_id, payment, answer)
            return


def _matches(payment: Row[Any] | None, answer: Answer) -> bool:
    if payment is None:
        return answer.outcome not in {"authorised", "captured"}
    if not payment.is_final:
        return True
    if answer.ref != payment.provider_ref or payment.payment == "failed":
        return answer.outcome in {"declined", "voided", "refunded"}
    if answer.outcome != payment.payment:
        return False
    return answer.outcome != "captured" or (answer.captured, answer.refunded) == (payment.captured, payment.refunded)


def _description(order_id: UUID, payment: Row[Any] | None, answer: Answer) -> str:
    at_provider = f"{answer.ref} is {answer.outcome} ({answer.amount}, {answer.refunded} refunded)"
    if payment is None:
        return f"{at_provider} for order {order_id}, which does not exist"
    return (
        f"order {order_id} is {payment.status}, its payment {payment.provider_ref} {payment.payment} "
        f"({payment.captured}, {payment.refunded} refunded); at the provider {at_provider}"
    )


CHECKS = (
    Check("payments match the provider's", payment_differences, asks_provider=True),
    Check(
        "every refund that is executing has a saga",
        """
        SELECT 'refund ' || r.id || ' of order ' || r.order_id || ' is executing without a saga'
        FROM refunds r WHERE r.status = 'executing' AND NOT EXISTS (
            SELECT FROM sagas s WHERE s.subject_id = r.id AND s.ended_at IS NULL
            UNION ALL SELECT FROM queued_sagas q WHERE q.subject_id = r.id)""",
    ),
    Check(
        "orders record what their payments add up to",
        f"""
        SELECT 'order ' || o.id || ' has ' || o.paid || ' paid and ' || o.refunded || ' refunded, its payments '
            || coalesce(sum(s.captured), 0) || ' and ' || coalesce(sum(s.refunded), 0)
        FROM orders o LEFT JOIN payments p ON p.order_id = o.id
        LEFT JOIN ({READ_SUMS.format(events="payment_events")}) s ON s.payment_id = p.id
        WHERE o.state IN ('placed', 'closed') AND NOT EXISTS (
            SELECT FROM sagas WHERE (subject_id = o.id OR target_id = o.id) AND ended_at IS NULL)
        GROUP BY o.id
        HAVING (o.paid, o.refunded) <> (coalesce(sum(s.captured), 0), coalesce(sum(s.refunded), 0))""",  # noqa: S608
    ),
)

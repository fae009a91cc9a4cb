"""What happens to a payment, each thing once, whoever reports it and however often."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from domain.payments import declines
from domain.payments.declines import Attempt
from domain.payments.errors import PaymentNotFound
from domain.payments.gateway import Answer
from kit import db
from kit.db import Json
from kit.ids import new_id
from kit.messaging import outbox

_ANNOUNCED = {
    "authorised": "payment.authorised",
    "captured": "payment.success",
    "voided": "payment.voided",
    "refunded": "payment.refunded",
    "failed": "payment.failed",
}

_COURSE = ("pending", "failed", "authorised", "captured", "voided", "refunded")
"""The order in which things happen to a payment, whatever the order in which we hear of them."""


_PREPARE = """
    INSERT INTO payments (id, company_id, order_id, amount, currency, method)
    VALUES (%(payment)s, %(company)s, %(order)s, %(amount)s, %(currency)s, %(method)s)"""


def prepare(
    paying: Attempt, *, order_id: UUID, company_id: UUID, customer_id: UUID, amount: int, currency: str
) -> UUID:
    """Note what an order costs (minor units) and the provider's token it will be paid with; the payment's id."""
    payment_id = new_id()
    values = {
        "payment": payment_id, "company": company_id, "order": order_id, "amount": amount, "currency": currency,
        "method": paying.method,
    }  # fmt: skip
    db.insert(values, _PREPARE)
    if amount:
        declines.add(paying, order_id=order_id, customer_id=customer_id, company_id=company_id)
    return payment_id


# The status becomes the furthest event's in _COURSE, and does so only when the event is news.
_RECORD = """
    WITH told AS (
        SELECT p.id AS payment_id, p.company_id, p.currency, p.amount AS wanted, t.*
        FROM jsonb_to_recordset(%(told)s) AS t (
            order_id uuid, id uuid, type text, ref text, amount bigint, detail jsonb, card text, counts boolean)
        JOIN payments p USING (order_id)
        WHERE p.order_id = ANY(%(orders)s)
    ), news AS (
        INSERT INTO payment_events (id, company_id, payment_id, type, provider_ref, amount, detail, happened_at)
        SELECT id, company_id, payment_id, type, coalesce(ref, payment_id::text), amount, detail, %(now)s
        FROM told ON CONFLICT DO NOTHING RETURNING payment_id
    ), changed AS (
        UPDATE payments SET
            status = (%(course)s::text[])[greatest(
                array_position(%(course)s, status), array_position(%(course)s, told.type))],
            provider_ref = coalesce(told.ref, provider_ref)
        FROM news JOIN told USING (payment_id)
        WHERE payments.order_id = ANY(%(orders)s) AND payments.id = news.payment_id
    ), declined AS (
        UPDATE payment_attempts a SET declined_at = %(now)s, card = coalesce(told.card, a.card, a.method)
        FROM news JOIN told USING (payment_id)
        WHERE a.id = ANY(%(orders)s) AND a.id = told.order_id AND told.counts
    )
    SELECT order_id, payment_id, company_id, wanted, currency, payment_id IN (SELECT payment_id FROM news)
    FROM told"""


def record(*, answers: Mapping[UUID, Answer], now: datetime) -> None:
    """Write down what the provider did for each order; harmless when it is known already. Raises PaymentNotFound.

    A payment's status is its furthest event: a hold that is reported after its release does not turn time back.
    """
    told = {order_id: _told(order_id, answer) for order_id, answer in answers.items()}
    values = {"orders": list(told), "told": db.as_json(list(told.values())), "now": now, "course": list(_COURSE)}
    rows = db.run(_RECORD, values).fetchall() if told else []
    if len(rows) < len(told):
        raise PaymentNotFound
    for order_id, payment_id, company_id, wanted, currency, is_news in rows:
        if is_news:
            data = {
                "order_id": str(order_id),
                "payment_id": str(payment_id),
                "amount": {"amount": wanted, "currency": currency},
            }
            outbox.publish(_ANNOUNCED[told[order_id]["type"]], data, subject=payment_id, company_id=company_id)


def _told(order_id: UUID, answer: Answer) -> Json:
    return {
        "order_id": order_id,
        "id": new_id(),
        "type": "failed" if answer.outcome == "declined" else answer.outcome,
        "ref": answer.ref or None,
        "amount": answer.amount,
        "detail": {"code": answer.code, "detail": answer.detail} if answer.code else {},
        "card": answer.card,
        "counts": declines.counts(answer),
    }


_NOTE = """
    INSERT INTO payment_events (id, company_id, payment_id, type, provider_ref, amount, detail, happened_at)
    SELECT %(id)s, company_id, id, %(type)s, %(ref)s, %(amount)s, %(detail)s, %(now)s
    FROM payments WHERE order_id = %(order)s ON CONFLICT DO NOTHING"""


def note_surplus(*, order_id: UUID, answer: Answer, now: datetime) -> None:
    """Write down what became of a second payment that was made for an order; its own payment stays as it is."""
    values = {
        "order": order_id, "id": new_id(), "type": answer.outcome, "ref": answer.ref, "amount": answer.amount,
        "now": now, "detail": Jsonb({"code": "surplus", "detail": "not the payment that the order is paid with"}),
    }  # fmt: skip
    db.run(_NOTE, values)

"""Creating payments and recording their events, each once, even if it is reported repeatedly."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from domain.payments import declines
from domain.payments.declines import PaymentSource
from domain.payments.errors import PaymentNotFound
from domain.payments.events import (
    DUPLICATE_RETURNED,
    PAYMENT_AUTHORISED,
    PAYMENT_FAILED,
    PAYMENT_REFUNDED,
    PAYMENT_SUCCESS,
    PAYMENT_VOIDED,
    DuplicateReturned,
    OrderPayment,
    PaymentFailed,
)
from domain.payments.gateway import Answer
from kit import db
from kit.db import Json
from kit.ids import new_id
from kit.messaging import events
from kit.money import Money

_EVENTS = {
    "authorised": PAYMENT_AUTHORISED,
    "captured": PAYMENT_SUCCESS,
    "voided": PAYMENT_VOIDED,
    "refunded": PAYMENT_REFUNDED,
}

_STATUS_ORDER = ("pending", "failed", "authorised", "captured", "voided", "refunded")
"""The order of a payment's statuses. Events can arrive in another order."""


_INSERT_PAYMENT = """
    INSERT INTO payments (id, company_id, order_id, amount, currency, method)
    VALUES (%(payment)s, %(company)s, %(order)s, %(amount)s, %(currency)s, %(method)s)"""


def create(
    source: PaymentSource, *, order_id: UUID, company_id: UUID, user_id: UUID, amount: int, currency: str
) -> UUID:
    """Create the pending payment of an order (amount in minor units) and return its id."""
    payment_id = new_id()
    values = {
        "payment": payment_id, "company": company_id, "order": order_id, "amount": amount, "currency": currency,
        "method": source.method,
    }  # fmt: skip
    db.insert(values, _INSERT_PAYMENT)
    if amount:
        declines.record(source, order_id=order_id, user_id=user_id, company_id=company_id)
    return payment_id


# A new event changes the status if its own status comes later in _STATUS_ORDER.
_RECORD_ANSWERS = """
    WITH reported AS (
        SELECT p.order_id, p.company_id, p.currency, p.amount AS payment_amount, t.*
        FROM jsonb_to_recordset(%(answers)s) AS t (
            payment_id uuid, id uuid, type text, ref text, amount bigint, detail jsonb, card_fingerprint text,
            counts boolean)
        JOIN payments p ON p.id = t.payment_id
        WHERE p.id = ANY(%(payments)s)
    ), new_events AS (
        INSERT INTO payment_events (id, company_id, payment_id, type, provider_ref, amount, detail, happened_at)
        SELECT id, company_id, payment_id, type, coalesce(ref, payment_id::text), amount, detail, %(now)s
        FROM reported WHERE NOT EXISTS (
            SELECT FROM payment_events e WHERE e.provider_ref = reported.ref AND e.payment_id <> reported.payment_id)
        ON CONFLICT DO NOTHING RETURNING payment_id
    ), changed AS (
        UPDATE payments SET
            status = (%(status_order)s::text[])[greatest(
                array_position(%(status_order)s, status), array_position(%(status_order)s, reported.type))],
            provider_ref = coalesce(reported.ref, provider_ref), version = payments.version + 1
        FROM new_events JOIN reported USING (payment_id)
        WHERE payments.id = ANY(%(payments)s) AND payments.id = new_events.payment_id
        RETURNING payments.id, payments.version
    ), declined AS (
        UPDATE payment_attempts a SET declined_at = %(now)s,
            card_fingerprint = coalesce(reported.card_fingerprint, a.card_fingerprint, a.method)
        FROM new_events JOIN reported USING (payment_id)
        WHERE a.id = ANY(ARRAY(SELECT order_id FROM reported)) AND a.id = reported.order_id AND reported.counts
    )
    SELECT order_id, payment_id, company_id, payment_amount, currency, changed.version
    FROM reported LEFT JOIN changed ON changed.id = payment_id"""


def record(*, answers: Mapping[UUID, Answer], now: datetime) -> None:
    """Record the provider's answer for each payment, by its id. Raises PaymentNotFound.

    Does nothing if the answer is recorded already, or if another payment has events with its reference.
    A payment's status only moves forward in `_STATUS_ORDER`: an authorisation reported after its void changes nothing.
    """
    rows = {payment_id: _event_row(payment_id, answer) for payment_id, answer in answers.items()}
    values = {
        "payments": list(rows),
        "answers": db.as_json(list(rows.values())),
        "now": now,
        "status_order": list(_STATUS_ORDER),
    }
    recorded = db.run(_RECORD_ANSWERS, values).fetchall() if rows else []
    if len(recorded) < len(rows):
        raise PaymentNotFound
    for order_id, payment_id, company_id, payment_amount, currency, version in recorded:
        if version:
            payment = OrderPayment(order_id, payment_id, Money(payment_amount, currency))
            _announce(payment, answers[payment_id], company_id, version)


def _announce(payment: OrderPayment, answer: Answer, company_id: UUID, version: int) -> None:
    about = {"subject": payment.payment_id, "company_id": company_id}
    if answer.outcome == "declined":
        failed = PaymentFailed(payment.order_id, payment.payment_id, payment.amount, reason=answer.code)
        events.publish(PAYMENT_FAILED, failed, **about, sequence=version)
    else:
        events.publish(_EVENTS[answer.outcome], payment, **about, sequence=version)


def _event_row(payment_id: UUID, answer: Answer) -> Json:
    return {
        "payment_id": payment_id,
        "id": new_id(),
        "type": "failed" if answer.outcome == "declined" else answer.outcome,
        "ref": answer.ref or None,
        "amount": answer.amount,
        "detail": {"code": answer.code, "detail": answer.detail} if answer.code else {},
        "card_fingerprint": answer.card_fingerprint,
        "counts": declines.is_counted(answer),
    }


_RECORD_DUPLICATE = """
    WITH recorded AS (
        INSERT INTO payment_events (id, company_id, payment_id, type, provider_ref, amount, detail, happened_at)
        SELECT %(id)s, company_id, id, %(type)s, %(ref)s, %(amount)s, %(detail)s, %(now)s
        FROM payments WHERE id = %(payment)s ON CONFLICT DO NOTHING RETURNING payment_id
    )
    SELECT order_id, company_id, currency FROM payments WHERE id = (SELECT payment_id FROM recorded)"""


def record_duplicate_payment(*, payment_id: UUID, answer: Answer, now: datetime) -> None:
    """Record the answer for a duplicate of this payment, made for the same order. The payment itself is not changed."""
    values = {
        "payment": payment_id, "id": new_id(), "type": answer.outcome, "ref": answer.ref, "amount": answer.amount,
        "now": now, "detail": Jsonb({"code": "surplus", "detail": "not the payment that the order is paid with"}),
    }  # fmt: skip
    for order_id, company_id, currency in db.run(_RECORD_DUPLICATE, values):
        payload = DuplicateReturned(order_id, payment_id, answer.outcome, Money(answer.amount, currency))
        events.publish(DUPLICATE_RETURNED, payload, subject=payment_id, company_id=company_id)

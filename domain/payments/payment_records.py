"""Creating payments and recording their events, each once, even if it is reported repeatedly."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple
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
    PaymentRefunded,
)
from domain.payments.gateway import Answer
from domain.payments.sums import DUPLICATE, READ_SUMS, STATUS
from kit import db
from kit.db import Json
from kit.ids import new_id
from kit.messaging import events
from kit.money import Money

_EVENTS = {
    "authorised": PAYMENT_AUTHORISED,
    "captured": PAYMENT_SUCCESS,
    "voided": PAYMENT_VOIDED,
}

_INSERT_PAYMENT = """
    INSERT INTO payments (id, company_id, order_id, amount, currency, method)
    VALUES (%(payment)s, %(company)s, %(order)s, %(amount)s, %(currency)s, %(method)s)"""


def create(
    source: PaymentSource,
    *,
    order_id: UUID,
    company_id: UUID,
    user_id: UUID,
    amount: int,
    currency: str,
    is_first: bool = True,
) -> UUID:
    """Create a pending payment of an order (amount in minor units), the first one or a further one. Returns its id."""
    payment_id = new_id()
    values = {
        "payment": payment_id, "company": company_id, "order": order_id, "amount": amount, "currency": currency,
        "method": source.method,
    }  # fmt: skip
    db.insert(values, _INSERT_PAYMENT)
    if amount:
        attempt_id = order_id if is_first else payment_id
        declines.record(source, attempt_id=attempt_id, user_id=user_id, company_id=company_id)
    return payment_id


_LOCK_PAYMENTS = """
    SELECT id, order_id, company_id, amount, currency, provider_ref FROM payments
    WHERE id = ANY(%(payments)s) ORDER BY id FOR UPDATE"""
# The release before keys a whole refund by the payment's reference: none is recorded a second time, by its own one.
_RECORD_EVENTS = f"""
    WITH reported AS (
        SELECT * FROM jsonb_to_recordset(%(reported)s) AS t (
            id uuid, company_id uuid, order_id uuid, payment_id uuid, type text, ref text, payment_ref text,
            amount bigint, detail jsonb, card_fingerprint text, counts boolean)
    ), new_events AS (
        INSERT INTO payment_events (id, company_id, payment_id, type, provider_ref, amount, detail, happened_at)
        SELECT id, company_id, payment_id, type, coalesce(ref, payment_id::text), amount, detail, %(now)s
        FROM reported WHERE NOT EXISTS (
            SELECT FROM payment_events e WHERE e.provider_ref = reported.payment_ref
            AND (e.payment_id <> reported.payment_id OR e.type = reported.type))
        ON CONFLICT DO NOTHING RETURNING id, payment_id, type, amount, detail
    ), sums AS ({
    READ_SUMS.format(
        events='''(
            SELECT payment_id, type, amount, detail FROM payment_events WHERE payment_id = ANY(%(payments)s)
            UNION ALL SELECT payment_id, type, amount, detail FROM new_events) e'''
    )
}
    ), changed AS (
        UPDATE payments SET status = {STATUS}, version = version + recorded.count,
            provider_ref = coalesce(recorded.payment_ref, provider_ref)
        FROM sums JOIN (
            SELECT payment_id, count(*), max(reported.payment_ref) AS payment_ref
            FROM new_events JOIN reported USING (id, payment_id) GROUP BY payment_id
        ) recorded USING (payment_id)
        WHERE payments.id = ANY(%(payments)s) AND payments.id = sums.payment_id
        RETURNING payments.id, payments.version
    ), declined AS (
        UPDATE payment_attempts a SET declined_at = %(now)s,
            card_fingerprint = coalesce(reported.card_fingerprint, a.card_fingerprint, a.method)
        FROM new_events JOIN reported USING (id)
        WHERE a.id = ANY(ARRAY(SELECT unnest(ARRAY[order_id, t.payment_id]) FROM reported t)) AND reported.counts
            AND a.id = coalesce(
                (SELECT id FROM payment_attempts WHERE id = reported.payment_id), reported.order_id)
    )
    SELECT new_events.payment_id, new_events.type, new_events.amount, changed.version
    FROM new_events JOIN changed ON changed.id = new_events.payment_id ORDER BY new_events.id"""  # noqa: S608


class _LockedPayment(NamedTuple):
    id: UUID
    order_id: UUID
    company_id: UUID
    amount: int
    currency: str
    provider_ref: str | None


def record(*, answers: Mapping[UUID, Answer], now: datetime) -> None:
    """Record the provider's answer for each payment, by its id. Raises PaymentNotFound.

    Does nothing if the answer is recorded already, or if another payment has events with its reference.
    The status follows from all events, in whatever order they are recorded.
    """
    if not answers:
        return
    rows = db.run(_LOCK_PAYMENTS, {"payments": list(answers)})
    payments = {payment.id: payment for payment in map(_LockedPayment._make, rows)}
    if len(payments) < len(answers):
        raise PaymentNotFound
    reported = [row for payment in payments.values() for row in _event_rows(payment, answers[payment.id])]
    values = {"payments": list(payments), "reported": db.as_json(reported), "now": now}
    by_payment: dict[UUID, list[tuple[str, int, int]]] = {}
    for payment_id, type_, amount, version in db.run(_RECORD_EVENTS, values):
        by_payment.setdefault(payment_id, []).append((type_, amount, version))
    for payment_id, recorded in by_payment.items():
        for place, (type_, amount, version) in enumerate(recorded, start=1 - len(recorded)):
            _announce(payments[payment_id], type_, amount, answers[payment_id].code, version + place)


def _announce(payment: _LockedPayment, type_: str, amount: int, code: str | None, version: int) -> None:
    about = {"subject": payment.id, "company_id": payment.company_id}
    whole = (payment.order_id, payment.id, Money(payment.amount, payment.currency))
    if type_ == "failed":
        events.publish(PAYMENT_FAILED, PaymentFailed(*whole, reason=code), **about, sequence=version)
    elif type_ == "refunded":
        refunded = PaymentRefunded(*whole, refunded=Money(amount, payment.currency))
        events.publish(PAYMENT_REFUNDED, refunded, **about, sequence=version)
    else:
        events.publish(_EVENTS[type_], OrderPayment(*whole), **about, sequence=version)


def _event_rows(payment: _LockedPayment, answer: Answer) -> Iterator[Json]:
    """The events that the answer reports. A refund of which it tells the id is keyed by that."""
    row = {
        "company_id": payment.company_id, "order_id": payment.order_id, "payment_id": payment.id,
        "ref": answer.ref or None, "payment_ref": answer.ref or None, "amount": answer.amount,
        "detail": {"code": answer.code, "detail": answer.detail} if answer.code else {},
        "card_fingerprint": answer.card_fingerprint, "counts": declines.is_counted(answer),
    }  # fmt: skip
    type_ = "failed" if answer.outcome == "declined" else answer.outcome
    if answer.captured and type_ != "captured":
        yield {**row, "id": new_id(), "type": "captured", "amount": answer.captured}
    if type_ != "refunded" or not answer.refunds:
        yield {**row, "id": new_id(), "type": type_}
    for refund in answer.refunds:
        yield {**row, "id": new_id(), "type": "refunded", "ref": refund.ref, "amount": refund.amount}


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
        "now": now, "detail": Jsonb({"code": DUPLICATE, "detail": "not the payment that the order is paid with"}),
    }  # fmt: skip
    for order_id, company_id, currency in db.run(_RECORD_DUPLICATE, values):
        payload = DuplicateReturned(order_id, payment_id, answer.outcome, Money(answer.amount, currency))
        events.publish(DUPLICATE_RETURNED, payload, subject=payment_id, company_id=company_id)

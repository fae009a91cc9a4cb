"""Proving the books: every rule that must hold over all companies, as a query that finds what breaks it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from domain.payments.errors import UnknownPayment
from domain.payments.gateway import Answer
from domain.payments.stripe_gateway import gateway
from kit import db
from kit.config import settings
from saga.registry import SAGAS


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that is off."""

    rule: str
    row: str


RULES: dict[str, str] = {
    "what lies on a shelf is what its movements add up to": """
        SELECT 'stock of product ' || product_id || ' in warehouse ' || warehouse_id || ': ' || s.on_hand
            || ' on hand, ' || coalesce(sum(m.quantity), 0) || ' by its movements'
        FROM stock s LEFT JOIN stock_movements m USING (product_id, warehouse_id)
        GROUP BY product_id, warehouse_id, s.on_hand HAVING s.on_hand <> coalesce(sum(m.quantity), 0)""",
    "what is reserved is what live orders hold": """
        SELECT 'stock of product ' || s.product_id || ' in warehouse ' || s.warehouse_id || ': ' || s.reserved
            || ' reserved, ' || coalesce(sum(r.quantity), 0) || ' held'
        FROM stock s LEFT JOIN reservations r
            ON (r.product_id, r.warehouse_id, r.state) = (s.product_id, s.warehouse_id, 'held')
        GROUP BY s.product_id, s.warehouse_id, s.reserved HAVING s.reserved <> coalesce(sum(r.quantity), 0)""",
    "only an order whose saga is still at work holds stock": """
        SELECT 'order ' || o.id || ' is ' || o.status || ' and holds product ' || r.product_id
        FROM reservations r JOIN orders o ON o.id = r.order_id
        WHERE r.state = 'held' AND o.status <> 'pending'""",
    "every unit of a paid order, and of no other, is sold": """
        SELECT 'order ' || l.order_id || ' is ' || o.status || ': ' || l.quantity || ' ordered of product '
            || l.product_id || ', ' || coalesce(m.sold, 0) || ' sold'
        FROM (SELECT order_id, product_id, sum(quantity) AS quantity FROM order_lines GROUP BY 1, 2) l
        JOIN orders o ON o.id = l.order_id
        LEFT JOIN (
            SELECT order_id, product_id, -sum(quantity) AS sold FROM stock_movements
            WHERE order_id IS NOT NULL GROUP BY 1, 2
        ) m USING (order_id, product_id)
        WHERE CASE WHEN o.status IN ('failed', 'cancelled') THEN coalesce(m.sold, 0) <> 0
                   WHEN o.status = 'paid' THEN coalesce(m.sold, 0) NOT IN (
                       l.quantity, CASE WHEN EXISTS (
                           SELECT FROM sagas s WHERE s.subject_id = o.id AND s.name = 'cancel_order'
                       ) THEN 0 ELSE l.quantity END)
                   ELSE false END""",
    "no order is without its saga, and no payment is missing": """
        SELECT 'order ' || o.id || ' has ' || count(DISTINCT s.id) || ' sagas and '
            || count(DISTINCT p.id) || ' payments'
        FROM orders o
        LEFT JOIN sagas s ON s.subject_id = o.id AND s.name = 'place_order'
        LEFT JOIN payments p ON p.order_id = o.id
        WHERE o.placed_at > now() - make_interval(days => :journal_days)
        GROUP BY o.id HAVING count(DISTINCT s.id) <> 1 OR count(DISTINCT p.id) <> 1""",
    "an order and its saga agree about the ending": """
        SELECT 'order ' || o.id || ' is ' || o.status || ', its saga ' || s.id || ' is ' || s.state
        FROM sagas s JOIN orders o ON o.id = s.subject_id
        WHERE s.name = 'place_order' AND (
            (s.state IN ('done', 'finishing') AND o.status IN ('pending', 'failed'))
            OR (s.state = 'undone' AND o.status NOT IN ('failed', 'cancelled'))
            OR (s.state IN ('running', 'compensating') AND o.status <> 'pending'))""",
    "a payment is what its events say": """
        SELECT 'payment ' || p.id || ' is ' || p.status || ', its events are '
            || coalesce(string_agg(e.type, ', ' ORDER BY e.happened_at, e.id), 'none')
        FROM payments p LEFT JOIN payment_events e ON e.payment_id = p.id
        GROUP BY p.id HAVING CASE p.status
            WHEN 'pending' THEN count(e.id) > 0
            ELSE NOT coalesce(bool_or(e.type = p.status), false) END
            OR count(*) FILTER (WHERE e.type = 'captured') > 1""",
    "an ended order is paid for, or it costs nothing": """
        SELECT 'order ' || o.id || ' is ' || o.status || ', its payment ' || p.id || ' is ' || p.status
        FROM orders o JOIN payments p ON p.order_id = o.id
        WHERE p.amount > 0 AND (
            (o.status = 'paid' AND p.status <> 'captured' AND NOT EXISTS (
                SELECT FROM sagas s WHERE s.subject_id = o.id AND s.name = 'cancel_order'))
            OR (o.status IN ('failed', 'cancelled') AND p.status IN ('authorised', 'captured')))""",
    "every open saga is of a definition that this release has": """
        SELECT 'saga ' || s.id || ' of ' || s.subject_id || ' began with another definition of ' || s.name
            || ' version ' || s.version || ' than this release has'
        FROM sagas s
        LEFT JOIN jsonb_to_recordset(cast(:definitions AS jsonb)) AS d (name text, version int, steps jsonb)
            USING (name, version)
        WHERE s.ended_at IS NULL AND d.steps IS DISTINCT FROM (
            SELECT jsonb_agg(jsonb_build_array(t.step, t.stage) ORDER BY t.position)
            FROM saga_steps t WHERE t.saga_id = s.id)""",
    "every open saga can be moved": """
        SELECT 'saga ' || s.id || ' of ' || s.subject_id || ' is ' || s.state || ' and could not be moved: '
            || (last.detail->>'code')
        FROM sagas s CROSS JOIN LATERAL (
            SELECT event, detail FROM saga_events e
            WHERE e.saga_id = s.id AND event NOT IN ('resent', 'incident') ORDER BY id DESC LIMIT 1
        ) AS last
        WHERE s.ended_at IS NULL AND last.event = 'faulted'""",
    "no step of a saga that was put back is left done": """
        SELECT 'saga ' || s.id || ' is undone, its step ' || t.step || ' is ' || t.state
        FROM sagas s JOIN saga_steps t ON t.saga_id = s.id
        WHERE s.state = 'undone' AND t.state NOT IN ('pending', 'undone', 'skipped')""",
}

WAITING: dict[str, str] = {
    "every saga has ended": """
        SELECT 'saga ' || id || ' (' || name || ' of ' || subject_id || ') is ' || state
        FROM sagas WHERE ended_at IS NULL""",
    "nothing is left to send": """SELECT kind || ' ' || id || ' is in the outbox' FROM outbox""",
    "every mail is sent, or its address refused": """
        SELECT 'mail ' || occasion || ' to ' || recipient || ' is ' || status || ' after ' || attempts || ' attempts'
        FROM mails WHERE status NOT IN ('sent', 'refused')""",
    "every buyer was told what became of the order": """
        SELECT 'order ' || o.id || ' is ' || o.status || ' and its buyer has not heard'
        FROM orders o JOIN (VALUES ('paid', 'completed'), ('failed', 'failed'), ('cancelled', 'cancelled'))
            AS told (status, news) USING (status)
        WHERE NOT EXISTS (SELECT FROM mails m WHERE m.occasion = 'order.' || told.news || ':' || o.id)""",
    "somebody was told of every order": """
        SELECT 'order ' || o.id || ' was placed and nobody has heard'
        FROM orders o WHERE NOT EXISTS (SELECT FROM mails m WHERE m.occasion = 'order.created:' || o.id)""",
    "no incident is open": """
        SELECT 'incident ' || id || ': ' || step || ' of saga ' || saga_id FROM incidents WHERE resolved_at IS NULL""",
}
"""What must hold once everything has come to rest, and need not while orders are on their way."""

# Other statements are made to go by index, and to end soon (kit/db/__init__.py).
_READING_ALL = text("SELECT set_config('enable_seqscan', 'on', true), set_config('statement_timeout', '0', true)")

BATCH = 100

_REFS = text("SELECT order_id, provider_ref FROM payments WHERE provider_ref <> ''")
_PAYMENTS = text("""
    SELECT o.id, o.status, p.status AS payment, p.amount, p.provider_ref,
        o.status <> 'pending' AND NOT EXISTS (
            SELECT FROM sagas s WHERE s.subject_id = o.id AND s.name = 'cancel_order' AND s.ended_at IS NULL
        ) AS settled
    FROM payments p JOIN orders o ON o.id = p.order_id WHERE o.id = ANY(:orders)""")


def check(*, at_rest: bool = False, provider: bool = True) -> Iterator[tuple[str, list[Finding]]]:
    """Try every rule, one after the other: (rule, what breaks it).

    `at_rest` adds that nothing is on its way; `provider` asks the payment provider about each payment, too.
    """
    definitions = [{"name": saga.name, "version": saga.version, "steps": saga.shape} for saga in SAGAS]
    known = {"journal_days": settings().journal_days, "definitions": db.as_json(definitions)}
    with db.operator_transaction():
        session = db.session()
        session.execute(_READING_ALL)
        for rule, query in {**RULES, **(WAITING if at_rest else {})}.items():
            yield rule, [Finding(rule, row) for row in session.scalars(text(query), known)]
    if provider:
        rule = "the provider's books say the same"
        yield rule, [Finding(rule, row) for row in _disagreements()]


def _disagreements() -> Iterator[str]:
    """Orders come and go meanwhile: what we know of is read before the provider lists it, its order afterwards."""
    with db.operator_transaction():
        session = db.session()
        session.execute(_READING_ALL)
        unheard_of = {row.provider_ref: row.order_id for row in session.execute(_REFS)}
    made = gateway().every_payment()
    while batch := list(islice(made, BATCH)):
        orders = _orders([order_id for order_id, _ in batch])
        for order_id, answer in batch:
            unheard_of.pop(answer.ref, None)
            yield from _disagreement(order_id, orders.get(order_id), answer)
    for ref, order_id in unheard_of.items():
        try:
            gateway().look_up(ref=ref)
        except UnknownPayment:
            yield f"order {order_id} was paid with {ref}, which the provider does not know"


def _orders(ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    with db.operator_transaction():
        session = db.session()
        return {row.id: row for row in session.execute(_PAYMENTS, {"orders": ids})}


def _disagreement(order_id: UUID, order: Row[Any] | None, answer: Answer) -> Iterator[str]:
    """What is off, if the order is still the same after its payment was looked up anew: they belong together then."""
    while not _agrees(order, answer):
        answer, before = gateway().look_up(ref=answer.ref), order
        order = _orders([order_id]).get(order_id)
        if order == before and not _agrees(order, answer):
            yield _told(order_id, order, answer)
            return


def _agrees(order: Row[Any] | None, answer: Answer) -> bool:
    if order is None:
        return answer.outcome not in {"authorised", "captured"}
    if not order.settled:
        return True
    if answer.ref != order.provider_ref or order.payment == "failed":
        return answer.outcome in {"declined", "voided", "refunded"}
    return answer.outcome == order.payment and (answer.outcome != "captured" or answer.amount == order.amount)


def _told(order_id: UUID, order: Row[Any] | None, answer: Answer) -> str:
    if order is None:
        return f"{answer.ref} is {answer.outcome} ({answer.amount}) for order {order_id}, which does not exist"
    return (
        f"order {order_id} is {order.status}, its payment {order.provider_ref} {order.payment} ({order.amount}); "
        f"at the provider {answer.ref} is {answer.outcome} ({answer.amount})"
    )

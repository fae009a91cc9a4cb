"""Consistency checks over all companies: each rule is a query that finds the rows that violate it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from domain.payments.errors import ProviderPaymentNotFound
from domain.payments.gateway import Answer
from domain.payments.stripe_gateway import gateway
from kit import db
from kit.config import settings
from saga.registry import SAGAS


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that violates a rule."""

    rule: str
    row: str


RULES: dict[str, str] = {
    "stock on hand equals the sum of its movements": """
        SELECT 'stock of product ' || product_id || ' in warehouse ' || warehouse_id || ': ' || s.on_hand
            || ' on hand, ' || coalesce(sum(m.quantity), 0) || ' by its movements'
        FROM stock s LEFT JOIN stock_movements m USING (product_id, warehouse_id)
        GROUP BY product_id, warehouse_id, s.on_hand HAVING s.on_hand <> coalesce(sum(m.quantity), 0)""",
    "reserved stock equals the reservations of open orders": """
        SELECT 'stock of product ' || s.product_id || ' in warehouse ' || s.warehouse_id || ': ' || s.reserved
            || ' reserved, ' || coalesce(sum(r.quantity), 0) || ' in reservations'
        FROM stock s LEFT JOIN reservations r
            ON (r.product_id, r.warehouse_id, r.state) = (s.product_id, s.warehouse_id, 'held')
        GROUP BY s.product_id, s.warehouse_id, s.reserved HAVING s.reserved <> coalesce(sum(r.quantity), 0)""",
    "only pending orders hold reservations": """
        SELECT 'order ' || o.id || ' is ' || o.status || ' and holds product ' || r.product_id
        FROM reservations r JOIN orders o ON o.id = r.order_id
        WHERE r.state = 'held' AND o.status <> 'pending'""",
    "all units of paid orders are sold, and no others": """
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
    "every order has one saga and one payment": """
        SELECT 'order ' || o.id || ' has ' || count(DISTINCT s.id) || ' sagas and '
            || count(DISTINCT p.id) || ' payments'
        FROM orders o
        LEFT JOIN sagas s ON s.subject_id = o.id AND s.name = 'place_order'
        LEFT JOIN payments p ON p.order_id = o.id
        WHERE o.placed_at > now() - make_interval(days => :journal_days)
        GROUP BY o.id HAVING count(DISTINCT s.id) <> 1 OR count(DISTINCT p.id) <> 1""",
    "an order and its saga have the same outcome": """
        SELECT 'order ' || o.id || ' is ' || o.status || ', its saga ' || s.id || ' is ' || s.state
        FROM sagas s JOIN orders o ON o.id = s.subject_id
        WHERE s.name = 'place_order' AND (
            (s.state IN ('done', 'finishing') AND o.status IN ('pending', 'failed'))
            OR (s.state = 'undone' AND o.status NOT IN ('failed', 'cancelled'))
            OR (s.state IN ('running', 'waiting', 'compensating') AND o.status <> 'pending'))""",
    "a payment's status matches its events": """
        SELECT 'payment ' || p.id || ' is ' || p.status || ', its events are '
            || coalesce(string_agg(e.type, ', ' ORDER BY e.happened_at, e.id), 'none')
        FROM payments p LEFT JOIN payment_events e ON e.payment_id = p.id
        GROUP BY p.id HAVING CASE p.status
            WHEN 'pending' THEN count(e.id) > 0
            ELSE NOT coalesce(bool_or(e.type = p.status), false) END
            OR count(*) FILTER (WHERE e.type = 'captured') > 1""",
    "payments match the outcomes of their orders": """
        SELECT 'order ' || o.id || ' is ' || o.status || ', its payment ' || p.id || ' is ' || p.status
        FROM orders o JOIN payments p ON p.order_id = o.id
        WHERE p.amount > 0 AND (
            (o.status = 'paid' AND p.status <> 'captured' AND NOT EXISTS (
                SELECT FROM sagas s WHERE s.subject_id = o.id AND s.name = 'cancel_order'))
            OR (o.status IN ('failed', 'cancelled') AND p.status IN ('authorised', 'captured')))""",
    "every open saga has a definition of this release": """
        SELECT 'saga ' || s.id || ' of ' || s.subject_id || ' began with another definition of ' || s.name
            || ' version ' || s.version || ' than this release has'
        FROM sagas s
        LEFT JOIN jsonb_to_recordset(cast(:definitions AS jsonb)) AS d (name text, version int, steps jsonb)
            USING (name, version)
        WHERE s.ended_at IS NULL AND d.steps IS DISTINCT FROM (
            SELECT jsonb_agg(jsonb_build_array(t.step, t.stage) ORDER BY t.position)
            FROM saga_steps t WHERE t.saga_id = s.id)""",
    "every open saga can be processed": """
        SELECT 'saga ' || s.id || ' of ' || s.subject_id || ' is ' || s.state || ' and could not be processed: '
            || (last.detail->>'code')
        FROM sagas s CROSS JOIN LATERAL (
            SELECT event, detail FROM saga_events e
            WHERE e.saga_id = s.id AND event NOT IN ('resent', 'incident') ORDER BY id DESC LIMIT 1
        ) AS last
        WHERE s.ended_at IS NULL AND last.event = 'faulted'""",
    "all steps of an undone saga are undone": """
        SELECT 'saga ' || s.id || ' is undone, its step ' || t.step || ' is ' || t.state
        FROM sagas s JOIN saga_steps t ON t.saga_id = s.id
        WHERE s.state = 'undone' AND t.state NOT IN ('pending', 'undone', 'skipped') AND t.step NOT LIKE '%.%'""",
    "at most one saga changes an order, or any other target, at a time": """
        SELECT 'sagas ' || string_agg(name || ' ' || id, ' and ' ORDER BY id) || ' are open about ' || target
        FROM (
            SELECT s.id, s.name, coalesce(s.target_id, s.subject_id) AS target FROM sagas s
            WHERE s.state IN ('running', 'waiting', 'compensating') OR s.state = 'stuck' AND EXISTS (
                SELECT FROM incidents i WHERE i.saga_id = s.id AND i.resolved_at IS NULL AND i.phase <> 'finishing')
        ) holding
        GROUP BY target HAVING count(*) > 1""",
    "every queued saga waits for an open one": """
        SELECT 'saga ' || q.name || ' of ' || q.subject_id || ' is queued behind saga ' || q.after_saga_id
            || ', which is ' || coalesce(s.state, 'gone')
        FROM queued_sagas q LEFT JOIN sagas s ON s.id = q.after_saga_id
        WHERE s.id IS NULL OR s.state IN ('done', 'undone', 'finishing')""",
    "a saga is waiting where one of its waits is": """
        SELECT 'saga ' || s.id || ' is ' || s.state || ', and ' || count(t.step) || ' of its waits are waiting'
        FROM sagas s LEFT JOIN saga_steps t ON t.saga_id = s.id AND t.state = 'waiting'
        WHERE s.state <> 'stuck'
        GROUP BY s.id HAVING count(t.step) <> CASE s.state WHEN 'waiting' THEN 1 ELSE 0 END""",
    "no saga waits past its expiry": """
        SELECT 'saga ' || id || ' is waiting, and its wait expired at ' || due_at
        FROM sagas WHERE state = 'waiting' AND due_at < now() - interval '60 seconds'""",
    "every signal belongs to a wait of its saga": """
        SELECT 'signal ' || g.signal || ' of saga ' || g.saga_id || ' belongs to none of its waits'
        FROM saga_signals g LEFT JOIN saga_steps t ON (t.saga_id, t.step) = (g.saga_id, g.signal)
        WHERE t.step IS NULL""",
    "the outcome of a wait is the signal that was accepted": """
        SELECT 'saga ' || coalesce(t.saga_id, g.saga_id) || ' took ' || coalesce(t.outcome::text, 'nothing')
            || ' for ' || coalesce(t.step, g.signal) || ', and accepted ' || coalesce(g.payload::text, 'nothing')
        FROM (SELECT * FROM saga_steps WHERE step LIKE '%.%' AND outcome IS NOT NULL) t
        FULL JOIN (SELECT * FROM saga_signals WHERE result = 'accepted') g
            ON (g.saga_id, g.signal) = (t.saga_id, t.step)
        WHERE t.outcome IS DISTINCT FROM g.payload""",
}

RULES_AT_REST: dict[str, str] = {
    "every saga has ended, or waits for a signal": """
        SELECT 'saga ' || id || ' (' || name || ' of ' || subject_id || ') is ' || state
        FROM sagas WHERE ended_at IS NULL AND state <> 'waiting'""",
    "the outbox is empty": """SELECT kind || ' ' || id || ' is in the outbox' FROM outbox""",
    "every mail is sent, or its address was refused": """
        SELECT 'mail ' || occasion || ' to ' || recipient || ' is ' || status || ' after ' || attempts || ' attempts'
        FROM mails WHERE status NOT IN ('sent', 'refused')""",
    "every buyer got a mail about the order's outcome": """
        SELECT 'order ' || o.id || ' is ' || o.status || ' and its buyer got no mail about it'
        FROM orders o JOIN (VALUES ('paid', 'completed'), ('failed', 'failed'), ('cancelled', 'cancelled'))
            AS outcomes (status, event) USING (status)
        WHERE NOT EXISTS (SELECT FROM mails m WHERE m.occasion = 'order.' || outcomes.event || ':' || o.id)""",
    "there is a mail about every new order": """
        SELECT 'order ' || o.id || ' was placed and there is no mail about it'
        FROM orders o WHERE NOT EXISTS (SELECT FROM mails m WHERE m.occasion = 'order.created:' || o.id)""",
    "no incident is open": """
        SELECT 'incident ' || id || ': ' || step || ' of saga ' || saga_id FROM incidents WHERE resolved_at IS NULL""",
}
"""Rules that hold only while no order is in progress."""

# These queries scan whole tables; all other sessions prefer indexes and have a timeout (kit/db/__init__.py).
_ALLOW_FULL_SCANS = text("SELECT set_config('enable_seqscan', 'on', true), set_config('statement_timeout', '0', true)")

BATCH = 100

_REFS = text("SELECT order_id, provider_ref FROM payments WHERE provider_ref <> ''")
_PAYMENTS = text("""
    SELECT o.id, o.status, p.status AS payment, p.amount, p.provider_ref,
        o.status <> 'pending' AND NOT EXISTS (
            SELECT FROM sagas s WHERE s.subject_id = o.id AND s.name = 'cancel_order' AND s.ended_at IS NULL
        ) AS is_final
    FROM payments p JOIN orders o ON o.id = p.order_id WHERE o.id = ANY(:orders)""")


def check(*, at_rest: bool = False, provider: bool = True) -> Iterator[tuple[str, list[Finding]]]:
    """Check one rule after the other and yield (rule, violations).

    `at_rest` adds the rules that hold only while no order is in progress; `provider` adds the comparison with the
    payment provider.
    """
    definitions = [{"name": saga.name, "version": saga.version, "steps": saga.shape} for saga in SAGAS]
    parameters = {"journal_days": settings().journal_days, "definitions": db.as_json(definitions)}
    with db.operator_transaction():
        session = db.session()
        session.execute(_ALLOW_FULL_SCANS)
        for rule, query in {**RULES, **(RULES_AT_REST if at_rest else {})}.items():
            yield rule, [Finding(rule, row) for row in session.scalars(text(query), parameters)]
    if provider:
        rule = "payments match the provider's"
        yield rule, [Finding(rule, row) for row in _payment_differences()]


def _payment_differences() -> Iterator[str]:
    """Orders change meanwhile, so our references are read before the provider's list, and the orders after it."""
    with db.operator_transaction():
        session = db.session()
        session.execute(_ALLOW_FULL_SCANS)
        not_listed = {row.provider_ref: row.order_id for row in session.execute(_REFS)}
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
        session = db.session()
        return {row.id: row for row in session.execute(_PAYMENTS, {"orders": ids})}


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

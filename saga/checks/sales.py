"""Rules about orders and their sagas."""

from typing import Any

from kit.checks import Check
from kit.config import settings


def _journal_days() -> dict[str, Any]:
    return {"journal_days": settings().journal_days}


CHECKS = (
    Check(
        "all units of paid orders are sold, and no others",
        """
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
    ),
    Check(
        "every order has one saga and a payment",
        """
        SELECT 'order ' || o.id || ' has ' || count(DISTINCT s.id) || ' sagas and '
            || count(DISTINCT p.id) || ' payments'
        FROM orders o
        LEFT JOIN sagas s ON s.subject_id = o.id AND s.name = 'place_order'
        LEFT JOIN payments p ON p.order_id = o.id
        WHERE o.placed_at > now() - make_interval(days => :journal_days)
        GROUP BY o.id HAVING count(DISTINCT s.id) <> 1 OR count(DISTINCT p.id) = 0""",
        parameters=_journal_days,
    ),
    Check(
        "an order and its saga have the same outcome",
        """
        SELECT 'order ' || o.id || ' is ' || o.status || ', its saga ' || s.id || ' is ' || s.state
        FROM sagas s JOIN orders o ON o.id = s.subject_id
        WHERE s.name = 'place_order' AND (
            (s.state IN ('done', 'finishing') AND o.status IN ('pending', 'failed'))
            OR (s.state = 'undone' AND o.status NOT IN ('failed', 'cancelled'))
            OR (s.state IN ('running', 'waiting', 'compensating') AND o.status <> 'pending'))""",
    ),
    Check(
        "payments match the outcomes of their orders",
        """
        SELECT 'order ' || o.id || ' is ' || o.status || ', its payment ' || p.id || ' is ' || p.status
        FROM orders o JOIN payments p ON p.order_id = o.id
        WHERE p.amount > 0 AND (
            (o.status = 'paid' AND (p.status IN ('pending', 'authorised') OR p.status = 'refunded' AND o.refunded = 0)
                AND NOT EXISTS (
                SELECT FROM sagas s WHERE s.subject_id = o.id AND s.name = 'cancel_order'))
            OR (o.status IN ('failed', 'cancelled') AND p.status IN ('authorised', 'captured')))""",
    ),
)

"""Rules about orders, and what they hold or cause in lower areas."""

from kit.checks import Check

CHECKS = (
    Check(
        "only pending orders hold reservations",
        """
        SELECT 'order ' || o.id || ' is ' || o.status || ' and holds product ' || r.product_id
        FROM reservations r JOIN orders o ON o.id = r.order_id
        WHERE r.state = 'held' AND o.status <> 'pending'""",
    ),
    Check(
        "every buyer got a mail about the order's outcome",
        """
        SELECT 'order ' || o.id || ' is ' || o.status || ' and its buyer got no mail about it'
        FROM orders o JOIN (VALUES ('paid', 'completed'), ('failed', 'failed'), ('cancelled', 'cancelled'))
            AS outcomes (status, event) USING (status)
        WHERE NOT EXISTS (SELECT FROM mails m WHERE m.occasion = 'order.' || outcomes.event || ':' || o.id)""",
        at_rest=True,
    ),
    Check(
        "there is a mail about every new order",
        """
        SELECT 'order ' || o.id || ' was placed and there is no mail about it'
        FROM orders o WHERE NOT EXISTS (SELECT FROM mails m WHERE m.occasion = 'order.created:' || o.id)""",
        at_rest=True,
    ),
)

"""Rules about orders, and what they hold or cause in lower areas."""

from itertools import product

from domain.sales.headline import FULFILMENT_STATES, PAYMENT_STATES, STATES, headline
from kit.checks import Check

_HEADLINES = ", ".join(
    str((*states, headline(*states))) for states in product(STATES, PAYMENT_STATES, FULFILMENT_STATES)
)

CHECKS = (
    Check(
        "an order's status is the headline of its states",
        f"""
        SELECT 'order ' || o.id || ' is ' || o.status || ', and its states are ' || o.state || ', ' || o.payment_state
            || ', ' || o.fulfilment_state
        FROM orders o JOIN (VALUES {_HEADLINES}) AS h (state, payment_state, fulfilment_state, status)
            USING (state, payment_state, fulfilment_state)
        WHERE o.status <> h.status""",  # noqa: S608 - constants only
    ),
    Check(
        "all orders of a month are counted for their company's plan, and no others",
        """
        SELECT 'company ' || company_id || ' placed ' || coalesce(o.placed, 0) || ' orders in the month of ' || month
            || ', and ' || coalesce(c.counted, 0) || ' are counted'
        FROM (
            SELECT company_id, date_trunc('month', placed_at AT TIME ZONE 'UTC')::date AS month, count(*) AS placed
            FROM orders GROUP BY 1, 2
        ) o
        FULL JOIN (SELECT company_id, month, sum(count) AS counted FROM order_counts GROUP BY 1, 2) c
            USING (company_id, month)
        WHERE o.placed IS DISTINCT FROM c.counted""",
    ),
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

"""Rules about payments."""

from kit.checks import Check

CHECKS = (
    Check(
        "a payment's status matches its events",
        """
        SELECT 'payment ' || p.id || ' is ' || p.status || ', its events are '
            || coalesce(string_agg(e.type, ', ' ORDER BY e.happened_at, e.id), 'none')
        FROM payments p LEFT JOIN payment_events e ON e.payment_id = p.id
        GROUP BY p.id HAVING CASE p.status
            WHEN 'pending' THEN count(e.id) > 0
            ELSE NOT coalesce(bool_or(e.type = p.status), false) END
            OR count(*) FILTER (WHERE e.type = 'captured') > 1""",
    ),
    Check(
        "a provider's reference belongs to one payment",
        """
        SELECT 'payments ' || string_agg(DISTINCT payment_id::text, ' and ') || ' have the reference ' || provider_ref
        FROM payment_events GROUP BY provider_ref HAVING count(DISTINCT payment_id) > 1""",
    ),
)

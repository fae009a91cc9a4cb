"""Rules about payments."""

from domain.payments.sums import READ_SUMS, STATUS
from kit.checks import Check

CHECKS = (
    Check(
        "a payment's status matches its events",
        f"""
        SELECT 'payment ' || p.id || ' is ' || p.status || ', its events say ' || s.status
        FROM payments p LEFT JOIN (
            SELECT payment_id, {STATUS} AS status FROM ({READ_SUMS.format(events="payment_events")}) sums
        ) s ON s.payment_id = p.id
        WHERE p.status <> coalesce(s.status, 'pending')""",  # noqa: S608 - constants only
    ),
    Check(
        "no more is captured than authorised, nor refunded than captured",
        f"""
        SELECT 'payment ' || payment_id || ': ' || authorised || ' authorised, ' || captured || ' captured, '
            || refunded || ' refunded, ' || disputed || ' disputed'
        FROM ({READ_SUMS.format(events="payment_events")}) sums
        WHERE captured > authorised AND authorised > 0 OR refunded + disputed > captured AND captured > 0
            OR least(captured, refunded, disputed) < 0""",  # noqa: S608 - constants only
    ),
    Check(
        "the parts of a refund add up to its amount",
        """
        SELECT 'refund ' || r.id || ' of ' || r.amount || ' has parts of ' || coalesce(sum(p.amount), 0)
        FROM refunds r LEFT JOIN refund_parts p ON p.refund_id = r.id
        GROUP BY r.id HAVING coalesce(sum(p.amount), 0) <> r.amount""",
    ),
    Check(
        "a refund's status follows from its parts",
        """
        SELECT 'refund ' || r.id || ' is ' || r.status || ', its parts are ' || string_agg(p.status, ', ')
        FROM refunds r JOIN refund_parts p ON p.refund_id = r.id
        GROUP BY r.id HAVING CASE r.status
            WHEN 'granted' THEN bool_or(p.status <> 'planned')
            WHEN 'executed' THEN bool_or(p.status <> 'refunded')
            WHEN 'withdrawn' THEN bool_or(p.status <> 'withdrawn')
            WHEN 'failed' THEN bool_or(p.status = 'planned') OR NOT bool_or(p.status = 'failed')
            ELSE bool_or(p.status = 'withdrawn') END""",
    ),
    Check(
        "every refunded part of a refund is an event of its payment",
        """
        SELECT 'refund ' || p.refund_id || ' has refunded ' || p.amount || ' as ' || p.provider_ref
        FROM refund_parts p WHERE p.status = 'refunded' AND NOT EXISTS (
            SELECT FROM payment_events e WHERE e.type = 'refunded'
            AND (e.payment_id, e.provider_ref, e.amount) = (p.payment_id, p.provider_ref, p.amount))""",
    ),
    Check(
        "a provider's reference belongs to one payment",
        """
        SELECT 'payments ' || string_agg(DISTINCT payment_id::text, ' and ') || ' have the reference ' || provider_ref
        FROM payment_events GROUP BY provider_ref HAVING count(DISTINCT payment_id) > 1""",
    ),
)

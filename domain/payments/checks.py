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
        "a provider's reference belongs to one payment",
        """
        SELECT 'payments ' || string_agg(DISTINCT payment_id::text, ' and ') || ' have the reference ' || provider_ref
        FROM payment_events GROUP BY provider_ref HAVING count(DISTINCT payment_id) > 1""",
    ),
)

"""Rules about prices."""

from kit.checks import Check

CHECKS = (
    Check(
        "the price of each variant is the last one in its history",
        """
        SELECT 'variant ' || v.id || ' costs ' || v.price || ', by its history ' || coalesce(b.price::text, 'nothing')
        FROM variants v LEFT JOIN LATERAL (
            SELECT price FROM base_prices WHERE variant_id = v.id ORDER BY changed_at DESC LIMIT 1
        ) b ON true
        WHERE b.price IS DISTINCT FROM v.price""",
    ),
)

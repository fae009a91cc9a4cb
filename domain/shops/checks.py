"""Rules about shops."""

from kit.checks import Check

CHECKS = (
    Check(
        "every open shop is counted for its company's plan, and no other",
        """
        SELECT 'shop ' || coalesce(s.id, u.shop_id) || ' is ' || CASE
            WHEN u.shop_id IS NULL THEN 'open and not counted' ELSE 'counted and not open' END
        FROM (SELECT company_id, id FROM shops WHERE closed_at IS NULL) s
        FULL JOIN (SELECT company_id, shop_id FROM usage_counts WHERE resource = 'shops' AND count = 1) u
            ON (u.company_id, u.shop_id) = (s.company_id, s.id)
        WHERE s.id IS NULL OR u.shop_id IS NULL""",
    ),
)

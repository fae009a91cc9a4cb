"""Rules about products."""

from kit.checks import Check

CHECKS = (
    Check(
        "all products of open shops are counted for their company's plan, and no others",
        """
        SELECT 'shop ' || coalesce(p.shop_id, u.shop_id) || ' has ' || coalesce(p.products, 0) || ' products, and '
            || coalesce(u.count, 0) || ' are counted'
        FROM (
            SELECT p.company_id, p.shop_id, count(*) AS products
            FROM products p JOIN shops s ON s.id = p.shop_id WHERE s.closed_at IS NULL GROUP BY 1, 2
        ) p
        FULL JOIN (SELECT * FROM usage_counts WHERE resource = 'products') u USING (company_id, shop_id)
        WHERE p.products IS DISTINCT FROM u.count""",
    ),
    Check(
        "the first variant of each product has the product's SKU, price and threshold",
        """
        SELECT 'product ' || p.id || ' and its first variant differ'
        FROM products p LEFT JOIN variants v ON v.id = p.id AND v.product_id = p.id
        WHERE (v.sku, v.price, v.currency, v.low_stock_threshold)
            IS DISTINCT FROM (p.sku, p.price, p.currency, p.low_stock_threshold)""",
    ),
)

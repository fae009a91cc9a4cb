"""Rules about stock."""

from kit.checks import Check

CHECKS = (
    Check(
        "stock on hand equals the sum of its movements",
        """
        SELECT 'stock of product ' || product_id || ' in warehouse ' || warehouse_id || ': ' || s.on_hand
            || ' on hand, ' || coalesce(sum(m.quantity), 0) || ' by its movements'
        FROM stock s LEFT JOIN stock_movements m USING (product_id, warehouse_id)
        GROUP BY product_id, warehouse_id, s.on_hand HAVING s.on_hand <> coalesce(sum(m.quantity), 0)""",
    ),
    Check(
        "reserved stock equals the reservations of open orders",
        """
        SELECT 'stock of product ' || s.product_id || ' in warehouse ' || s.warehouse_id || ': ' || s.reserved
            || ' reserved, ' || coalesce(sum(r.quantity), 0) || ' in reservations'
        FROM stock s LEFT JOIN reservations r
            ON (r.product_id, r.warehouse_id, r.state) = (s.product_id, s.warehouse_id, 'held')
        GROUP BY s.product_id, s.warehouse_id, s.reserved HAVING s.reserved <> coalesce(sum(r.quantity), 0)""",
    ),
)

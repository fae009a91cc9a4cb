"""How long stock and its ledger are kept."""

from kit.db.retention import Retention

RETENTION_RULES: tuple[Retention, ...] = ()

TABLES_WITHOUT_RETENTION = {
    "warehouses": "stock refers to them",
    "stock": "one row for each product and warehouse",
    "stock_movements": "stock on hand is the sum of its movements",
    "reservations": "an order's record of the warehouses that its goods come from",
}

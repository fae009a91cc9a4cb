"""How long products are kept."""

from kit.db.retention import Retention

RETENTION_RULES: tuple[Retention, ...] = ()

TABLES_WITHOUT_RETENTION = {
    "products": "order lines and stock movements refer to them",
}

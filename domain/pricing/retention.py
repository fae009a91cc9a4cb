"""How long prices are kept."""

from kit.db.retention import Retention

RETENTION_RULES: tuple[Retention, ...] = ()

TABLES_WITHOUT_RETENTION = {
    "price_lists": "the history of prices refers to them",
    "list_prices": "the lowest price before a reduction is found in them, however long the reduction lasts",
    "base_prices": "the lowest price before a reduction is found in them, however long the reduction lasts",
}

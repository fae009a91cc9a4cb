"""How long shops are kept."""

from kit.db.retention import Retention

RETENTION_RULES: tuple[Retention, ...] = ()

TABLES_WITHOUT_RETENTION = {
    "shops": "orders refer to them, closed ones too",
    "locations": "few for a shop, until they are deleted",
}

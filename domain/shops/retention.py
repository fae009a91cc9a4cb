"""How long shops are kept."""

from kit.db.retention import Retention

RETENTION: tuple[Retention, ...] = ()

UNLIMITED = {
    "shops": "orders refer to them, closed ones too",
    "locations": "few for a shop, until they are deleted",
}

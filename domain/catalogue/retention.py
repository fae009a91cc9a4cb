"""How long products are kept."""

from kit.db.retention import Retention

RETENTION: tuple[Retention, ...] = ()

UNLIMITED = {
    "products": "order lines and stock movements refer to them",
}

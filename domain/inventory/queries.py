"""Reading warehouses and stock levels."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from domain.inventory.errors import WarehouseNotFound
from domain.inventory.models import Stock, Warehouse
from kit import db
from kit.paging import Page, page


def the_warehouse(*, warehouse_id: UUID) -> Warehouse:
    """Return a warehouse of the current company; raises WarehouseNotFound."""
    warehouse = db.session().get(Warehouse, warehouse_id)
    if warehouse is None:
        raise WarehouseNotFound
    return warehouse


def warehouses(*, limit: int, after: UUID | None = None) -> Page[Warehouse]:
    """List the current company's warehouses, the oldest first, after the one with the id `after`."""
    return page(select(Warehouse), Warehouse.id, limit=limit, after=after)


_READ_AVAILABLE_UNITS = """
    SELECT product_id, sum(on_hand - reserved) FROM stock WHERE product_id = ANY(%(variants)s) GROUP BY product_id"""


def available_units(variant_ids: Collection[UUID]) -> dict[UUID, int]:
    """The units of variants that are not reserved, in all warehouses; those without stock are left out."""
    return {
        variant_id: int(units) for variant_id, units in db.run(_READ_AVAILABLE_UNITS, {"variants": list(variant_ids)})
    }


def stock_levels(*, product_id: UUID) -> list[Stock]:
    """Return the stock level of a product in each warehouse."""
    return list(db.session().scalars(select(Stock).filter_by(product_id=product_id).order_by(Stock.warehouse_id)))

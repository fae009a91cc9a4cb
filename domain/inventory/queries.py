"""Reading the shelves."""

from uuid import UUID

from sqlalchemy import select

from domain.inventory.errors import WarehouseNotFound
from domain.inventory.models import Stock, Warehouse
from kit import db


def the_warehouse(*, warehouse_id: UUID) -> Warehouse:
    """The warehouse of the current company; raises WarehouseNotFound."""
    warehouse = db.session().get(Warehouse, warehouse_id)
    if warehouse is None:
        raise WarehouseNotFound
    return warehouse


def warehouses(*, limit: int, after: UUID | None) -> list[Warehouse]:
    """The current company's warehouses, oldest first, from behind `after`."""
    query = select(Warehouse).order_by(Warehouse.id).limit(limit)
    return list(db.session().scalars(query.where(Warehouse.id > after) if after else query))


def shelves(*, product_id: UUID) -> list[Stock]:
    """What lies of a product in each warehouse."""
    return list(db.session().scalars(select(Stock).filter_by(product_id=product_id).order_by(Stock.warehouse_id)))

"""Creating warehouses, and setting the stock levels in them."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from domain.inventory.errors import StockBelowReserved
from domain.inventory.events import STOCK_LEVEL_SET, WAREHOUSE_CREATED, StockLevelSet, WarehouseCreated
from domain.inventory.models import Stock, StockMovement, Warehouse
from domain.inventory.queries import the_warehouse
from kit import db
from kit.errors import Conflict
from kit.messaging import events


def create_warehouse(*, company_id: UUID, name: str) -> Warehouse:
    """Create a warehouse; raises Conflict when the company already has one with this name."""
    added: Warehouse | None = db.session().scalar(
        insert(Warehouse).values(company_id=company_id, name=name).on_conflict_do_nothing().returning(Warehouse)
    )
    if added is None:
        raise Conflict(f"A warehouse called {name!r} already exists.")
    events.publish(WAREHOUSE_CREATED, WarehouseCreated(added.id), subject=added.id, company_id=company_id)
    return added


def set_stock_level(*, company_id: UUID, product_id: UUID, warehouse_id: UUID, on_hand: int) -> Stock:
    """Set the counted units of a product in a warehouse; raises StockBelowReserved if more are reserved."""
    the_warehouse(warehouse_id=warehouse_id)
    session = db.session()
    key = {"product_id": product_id, "warehouse_id": warehouse_id}
    session.execute(insert(Stock).values(company_id=company_id, **key).on_conflict_do_nothing())
    stock = session.scalars(select(Stock).filter_by(**key).with_for_update()).one()
    if on_hand < stock.reserved:
        raise StockBelowReserved(f"{stock.reserved} units are reserved for orders, so on_hand cannot be {on_hand}.")
    if on_hand != stock.on_hand:
        change = on_hand - stock.on_hand
        session.add(StockMovement(company_id=company_id, quantity=change, reason="counted", **key))
        payload = StockLevelSet(
            product_id=product_id, warehouse_id=warehouse_id, previous_on_hand=stock.on_hand, on_hand=on_hand,
            reserved=stock.reserved,
        )  # fmt: skip
        stock.on_hand = on_hand
        events.publish(STOCK_LEVEL_SET, payload, subject=product_id, company_id=company_id)
    return stock

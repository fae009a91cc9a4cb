"""The events of the area inventory. What an order sells leaves the stock when it is paid: see `order.completed`."""

from dataclasses import dataclass
from uuid import UUID

from kit.messaging.events import Event


@dataclass(frozen=True, slots=True)
class WarehouseCreated:
    """A new warehouse."""

    warehouse_id: UUID


@dataclass(frozen=True, slots=True)
class StockLevelSet:
    """The counted units of a product in a warehouse, before and now. `reserved` of them are held for orders."""

    product_id: UUID
    warehouse_id: UUID
    previous_on_hand: int
    on_hand: int
    reserved: int


@dataclass(frozen=True, slots=True)
class OrderStock:
    """The order whose stock was moved."""

    order_id: UUID


WAREHOUSE_CREATED = Event("inventory.warehouse_created", WarehouseCreated, "A warehouse was created.")
STOCK_LEVEL_SET = Event("inventory.stock_level_set", StockLevelSet, "The stock of a product was counted and set.")
STOCK_RESERVED = Event("inventory.reserved", OrderStock, "Stock was reserved for all lines of an order.")
STOCK_RELEASED = Event("inventory.released", OrderStock, "The reserved stock of an order was released.")
STOCK_TAKEN_BACK = Event("inventory.taken_back", OrderStock, "The sold units of an order were returned to the stock.")

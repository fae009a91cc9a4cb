"""Warehouses, and what lies in them."""

from typing import Any
from uuid import UUID

from api.blueprint import Blueprint
from api.inventory.schemas import CountSchema, NewWarehouseSchema, ShelvesSchema, StockSchema, WarehouseSchema
from api.schemas import PageQuery, page, page_of
from api.tenant import acting
from domain.catalogue import queries as catalogue
from domain.inventory import operations, queries
from domain.inventory.models import Stock, Warehouse

warehouses = Blueprint("warehouses", __name__, url_prefix="/api/warehouses", description="Places that hold stock")
stock = Blueprint("stock", __name__, url_prefix="/api/products/<uuid:product_id>/stock", description="What lies where")


@warehouses.post("")
@warehouses.arguments(NewWarehouseSchema)
@warehouses.response(201, WarehouseSchema)
@warehouses.alt_response(409, "Conflict")
def create_warehouse(body: dict[str, Any]) -> Warehouse:
    """Open a warehouse of your company."""
    with acting() as caller:
        return operations.create_warehouse(company_id=caller.company_id, **body)


@warehouses.get("")
@warehouses.arguments(PageQuery, location="query")
@warehouses.response(200, page_of(WarehouseSchema))
def list_warehouses(query: dict[str, Any]) -> dict[str, Any]:
    """List your company's warehouses, the oldest first."""
    with acting():
        return page(queries.warehouses(limit=query["limit"] + 1, after=query["after"]), query["limit"])


@stock.get("")
@stock.response(200, ShelvesSchema)
def list_stock(product_id: UUID) -> dict[str, list[Stock]]:
    """Show what lies of a product in each warehouse, and how much of that is held for orders."""
    with acting() as caller:
        catalogue.the_product(product_id=product_id, shop_id=caller.shop_id)
        return {"data": queries.stock_levels(product_id=product_id)}


@stock.put("/<uuid:warehouse_id>")
@stock.arguments(CountSchema)
@stock.response(200, StockSchema)
@stock.alt_response(409, "Conflict")
def count_stock(body: dict[str, Any], product_id: UUID, warehouse_id: UUID) -> Stock:
    """Record a count: so many units of the product lie in the warehouse now.

    It cannot be fewer than are held for orders. What was there before does not matter; the difference goes into the
    ledger.
    """
    with acting() as caller:
        catalogue.the_product(product_id=product_id, shop_id=caller.shop_id)
        return operations.set_stock_level(
            company_id=caller.company_id, product_id=product_id, warehouse_id=warehouse_id, on_hand=body["on_hand"]
        )

"""Warehouses and stock levels."""

from typing import Any
from uuid import UUID

from api.auth.transactions import request_transaction
from api.http.blueprint import Blueprint
from api.http.schemas import PageQuery, page_of
from api.inventory.schemas import (
    NewWarehouseSchema,
    StockLevelChangeSchema,
    StockLevelSchema,
    StockLevelsSchema,
    WarehouseSchema,
)
from domain.catalogue import queries as catalogue
from domain.inventory import queries, stock_keeping
from domain.inventory.models import Stock, Warehouse
from kit.paging import Page

warehouses = Blueprint("warehouses", __name__, url_prefix="/api/warehouses", description="Warehouses")
stock = Blueprint(
    "stock", __name__, url_prefix="/api/products/<uuid:product_id>/stock", description="Stock levels of products"
)


@warehouses.post("")
@warehouses.requires("write_warehouses")
@warehouses.arguments(NewWarehouseSchema)
@warehouses.response(201, WarehouseSchema)
@warehouses.alt_response(409, "Conflict")
def create_warehouse(body: dict[str, Any]) -> Warehouse:
    """Create a warehouse of your company."""
    with request_transaction() as caller:
        return stock_keeping.create_warehouse(company_id=caller.company_id, **body)


@warehouses.get("")
@warehouses.requires("read_warehouses")
@warehouses.arguments(PageQuery, location="query")
@warehouses.response(200, page_of(WarehouseSchema))
def list_warehouses(query: dict[str, Any]) -> Page[Warehouse]:
    """List your company's warehouses, oldest first."""
    with request_transaction():
        return queries.warehouses(**query)


@stock.get("")
@stock.requires("read_stock")
@stock.response(200, StockLevelsSchema)
def list_stock_levels(product_id: UUID) -> dict[str, list[Stock]]:
    """List the stock levels of a product in all warehouses, with the units reserved for orders.

    The `product_id` is the id of a variant. The id of a product is that of its first variant.
    """
    with request_transaction() as caller:
        catalogue.require_variant(variant_id=product_id, shop_id=caller.shop_id)
        return {"data": queries.stock_levels(product_id=product_id)}


@stock.put("/<uuid:warehouse_id>")
@stock.requires("write_stock")
@stock.arguments(StockLevelChangeSchema)
@stock.response(200, StockLevelSchema)
@stock.alt_response(409, "Conflict")
def set_stock_level(body: dict[str, Any], product_id: UUID, warehouse_id: UUID) -> Stock:
    """Set the number of units of a product on hand in a warehouse, for example after a count.

    It cannot be lower than the number of units reserved for orders. The difference to the previous level is recorded in
    the stock ledger. The `product_id` is the id of a variant. The id of a product is that of its first variant.
    """
    with request_transaction() as caller:
        catalogue.require_variant(variant_id=product_id, shop_id=caller.shop_id)
        return stock_keeping.set_stock_level(
            company_id=caller.company_id, product_id=product_id, warehouse_id=warehouse_id, on_hand=body["on_hand"]
        )

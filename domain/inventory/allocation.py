"""Allocating ordered quantities to warehouses: pure functions without a database."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from domain.inventory.errors import OutOfStock


class StockLevel(NamedTuple):
    """Available units of a product in a warehouse."""

    product_id: UUID
    warehouse_id: UUID
    available: int


class Allocation(NamedTuple):
    """Units of a product to take from a warehouse."""

    product_id: UUID
    warehouse_id: UUID
    quantity: int


def allocate(quantities: Mapping[UUID, int], levels: Iterable[StockLevel]) -> list[Allocation]:
    """Allocate quantities (product id → units) from the levels, in their order; raises OutOfStock."""
    missing = dict(quantities)
    allocations = []
    for level in levels:
        quantity = min(level.available, missing.get(level.product_id, 0))
        if quantity > 0:
            allocations.append(Allocation(level.product_id, level.warehouse_id, quantity))
            missing[level.product_id] -= quantity
    short = next((product for product, quantity in missing.items() if quantity > 0), None)
    if short is not None:
        raise OutOfStock(short)
    return allocations


def allocate_in_order(
    quantities: Mapping[UUID, Mapping[UUID, int]], levels: Iterable[StockLevel]
) -> tuple[dict[UUID, list[Allocation]], dict[UUID, OutOfStock]]:
    """Allocate quantities (order id → product id → units) in the order given; returns allocations, errors by order."""
    remaining: dict[UUID, dict[UUID, StockLevel]] = defaultdict(dict)
    for level in levels:
        remaining[level.product_id][level.warehouse_id] = level
    allocations: dict[UUID, list[Allocation]] = {}
    errors: dict[UUID, OutOfStock] = {}
    for order_id, of_order in quantities.items():
        candidates = [level for product_id in of_order for level in remaining[product_id].values()]
        try:
            allocations[order_id] = allocate(of_order, candidates)
        except OutOfStock as error:
            errors[order_id] = error
            continue
        for product_id, warehouse_id, quantity in allocations[order_id]:
            level = remaining[product_id][warehouse_id]
            remaining[product_id][warehouse_id] = level._replace(available=level.available - quantity)
    return allocations, errors

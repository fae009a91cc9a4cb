"""Allocating ordered quantities to warehouses: pure functions without a database."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
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


class ReservationRequest(NamedTuple):
    """Units to reserve: all of them or none.

    `reference` is what they are for (an order's id), and `quantities` the units by product id. With `warehouse_ids`
    only these warehouses give them, as for a transfer; otherwise all do, in the order of their ids.
    """

    reference: UUID
    quantities: Mapping[UUID, int]
    warehouse_ids: Collection[UUID] | None = None

    def accepts(self, level: StockLevel) -> bool:
        """Whether the units may come from this warehouse."""
        return self.warehouse_ids is None or level.warehouse_id in self.warehouse_ids


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
    requests: Sequence[ReservationRequest], levels: Iterable[StockLevel]
) -> tuple[dict[UUID, list[Allocation]], dict[UUID, OutOfStock]]:
    """Allocate the requested units in the order given; returns allocations and errors by reference."""
    remaining: dict[UUID, dict[UUID, StockLevel]] = defaultdict(dict)
    for level in levels:
        remaining[level.product_id][level.warehouse_id] = level
    allocations: dict[UUID, list[Allocation]] = {}
    errors: dict[UUID, OutOfStock] = {}
    for request in requests:
        levels_of = (remaining[product_id].values() for product_id in request.quantities)
        candidates = [level for of_product in levels_of for level in of_product if request.accepts(level)]
        try:
            allocation = allocate(request.quantities, candidates)
        except OutOfStock as error:
            errors[request.reference] = error
            continue
        allocations[request.reference] = allocation
        for product_id, warehouse_id, quantity in allocation:
            level = remaining[product_id][warehouse_id]
            remaining[product_id][warehouse_id] = level._replace(available=level.available - quantity)
    return allocations, errors

"""Which shelf gives how much: arithmetic, without a database."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from domain.inventory.errors import OutOfStock


class Shelf(NamedTuple):
    """What a warehouse could still give of a product."""

    product_id: UUID
    warehouse_id: UUID
    available: int


class Share(NamedTuple):
    """What a warehouse shall give of a product."""

    product_id: UUID
    warehouse_id: UUID
    quantity: int


def allocate(wanted: Mapping[UUID, int], shelves: Iterable[Shelf]) -> list[Share]:
    """Cover what is wanted from the shelves, in their order; raises OutOfStock for the first product that is short."""
    missing = dict(wanted)
    shares = []
    for shelf in shelves:
        quantity = min(shelf.available, missing.get(shelf.product_id, 0))
        if quantity > 0:
            shares.append(Share(shelf.product_id, shelf.warehouse_id, quantity))
            missing[shelf.product_id] -= quantity
    short = next((product for product, quantity in missing.items() if quantity > 0), None)
    if short is not None:
        raise OutOfStock(short)
    return shares


def allocate_in_turn(
    wanted: Mapping[UUID, Mapping[UUID, int]], shelves: Iterable[Shelf]
) -> tuple[dict[UUID, list[Share]], dict[UUID, OutOfStock]]:
    """Cover what each order wants, in their order, from what those before it left: (shares, refusals) by order."""
    left: dict[UUID, dict[UUID, Shelf]] = defaultdict(dict)
    for shelf in shelves:
        left[shelf.product_id][shelf.warehouse_id] = shelf
    shares: dict[UUID, list[Share]] = {}
    refused: dict[UUID, OutOfStock] = {}
    for order_id, its in wanted.items():
        try:
            shares[order_id] = allocate(its, [shelf for product_id in its for shelf in left[product_id].values()])
        except OutOfStock as refusal:
            refused[order_id] = refusal
            continue
        for product_id, warehouse_id, quantity in shares[order_id]:
            shelf = left[product_id][warehouse_id]
            left[product_id][warehouse_id] = shelf._replace(available=shelf.available - quantity)
    return shares, refused

"""Which shelf gives how much: arithmetic, without a database."""

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
    """Cover what is wanted from the shelves, in their order; raises OutOfStock naming the first that is short."""
    missing = dict(wanted)
    shares = []
    for shelf in shelves:
        quantity = min(shelf.available, missing.get(shelf.product_id, 0))
        if quantity > 0:
            shares.append(Share(shelf.product_id, shelf.warehouse_id, quantity))
            missing[shelf.product_id] -= quantity
    short = next((product for product, quantity in missing.items() if quantity > 0), None)
    if short is not None:
        raise OutOfStock(f"{wanted[short] - missing[short]} left of product {short}, {wanted[short]} ordered")
    return shares

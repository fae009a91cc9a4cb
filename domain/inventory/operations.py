"""Holding, selling and giving back stock, for many orders at once.

Shelves are always locked in order of product and warehouse.
"""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from domain.inventory.allocation import Shelf, allocate_in_turn
from domain.inventory.errors import BelowReserved, OutOfStock
from domain.inventory.models import Stock, StockMovement, Warehouse
from domain.inventory.queries import the_warehouse
from kit import db
from kit.errors import Conflict
from kit.messaging import outbox

_LOCK_SHELVES = """
    SELECT product_id, warehouse_id, on_hand - reserved AS available
    FROM stock WHERE product_id = ANY(%(products)s) AND company_id = %(company)s
    ORDER BY product_id, warehouse_id FOR UPDATE"""

_HOLD = """
    WITH share AS (
        SELECT * FROM unnest(%(orders)s::uuid[], %(products)s::uuid[], %(warehouses)s::uuid[], %(quantities)s::int[])
            AS s (order_id, product_id, warehouse_id, quantity)
    ), held AS (
        UPDATE stock SET reserved = reserved + total.quantity
        FROM (SELECT product_id, warehouse_id, sum(quantity) AS quantity FROM share GROUP BY 1, 2) total
        WHERE stock.product_id = ANY(%(products)s)
            AND (stock.product_id, stock.warehouse_id) = (total.product_id, total.warehouse_id)
    )
    INSERT INTO reservations (order_id, product_id, warehouse_id, company_id, quantity)
    SELECT order_id, product_id, warehouse_id, %(company)s, quantity FROM share"""

_LOCK_HELD = """
    SELECT r.order_id, r.product_id FROM stock s JOIN reservations r USING (product_id, warehouse_id)
    WHERE r.order_id = ANY(%(orders)s) AND r.state = %(state)s
    ORDER BY s.product_id, s.warehouse_id FOR UPDATE OF s"""

_RELEASE = """
    WITH given AS (
        UPDATE reservations SET state = 'released' WHERE order_id = ANY(%(orders)s) AND state = 'held'
        RETURNING product_id, warehouse_id, quantity
    )
    UPDATE stock SET reserved = reserved - total.quantity
    FROM (SELECT product_id, warehouse_id, sum(quantity) AS quantity FROM given GROUP BY 1, 2) total
    WHERE stock.product_id = ANY(%(products)s)
        AND (stock.product_id, stock.warehouse_id) = (total.product_id, total.warehouse_id)"""

_COMMIT = """
    WITH given AS (
        UPDATE reservations SET state = 'committed' WHERE order_id = ANY(%(orders)s) AND state = 'held'
        RETURNING order_id, product_id, warehouse_id, quantity
    ), ledger AS (
        INSERT INTO stock_movements (company_id, product_id, warehouse_id, order_id, quantity, reason)
        SELECT %(company)s, product_id, warehouse_id, order_id, -quantity, 'sold' FROM given
    )
    UPDATE stock SET reserved = reserved - total.quantity, on_hand = on_hand - total.quantity
    FROM (SELECT product_id, warehouse_id, sum(quantity) AS quantity FROM given GROUP BY 1, 2) total
    WHERE stock.product_id = ANY(%(products)s)
        AND (stock.product_id, stock.warehouse_id) = (total.product_id, total.warehouse_id)"""

_TAKE_BACK = """
    WITH given AS (
        UPDATE reservations SET state = 'taken_back' WHERE order_id = ANY(%(orders)s) AND state = 'committed'
        RETURNING order_id, product_id, warehouse_id, quantity
    ), ledger AS (
        INSERT INTO stock_movements (company_id, product_id, warehouse_id, order_id, quantity, reason)
        SELECT %(company)s, product_id, warehouse_id, order_id, quantity, 'taken_back' FROM given
    )
    UPDATE stock SET on_hand = on_hand + total.quantity
    FROM (SELECT product_id, warehouse_id, sum(quantity) AS quantity FROM given GROUP BY 1, 2) total
    WHERE stock.product_id = ANY(%(products)s)
        AND (stock.product_id, stock.warehouse_id) = (total.product_id, total.warehouse_id)"""


def create_warehouse(*, company_id: UUID, name: str) -> Warehouse:
    """Open a warehouse; raises Conflict when the company has one of that name."""
    added: Warehouse | None = db.session().scalar(
        insert(Warehouse).values(company_id=company_id, name=name).on_conflict_do_nothing().returning(Warehouse)
    )
    if added is None:
        raise Conflict(f"there is a warehouse called {name!r} already")
    return added


def set_stock(*, company_id: UUID, product_id: UUID, warehouse_id: UUID, on_hand: int) -> Stock:
    """Record a count: so many units lie there now. Raises BelowReserved when more than that are held for orders."""
    the_warehouse(warehouse_id=warehouse_id)
    session = db.session()
    key = {"product_id": product_id, "warehouse_id": warehouse_id}
    session.execute(insert(Stock).values(company_id=company_id, **key).on_conflict_do_nothing())
    shelf = session.scalars(select(Stock).filter_by(**key).with_for_update()).one()
    if on_hand < shelf.reserved:
        raise BelowReserved(f"{shelf.reserved} units are held for orders; on_hand cannot be {on_hand}")
    if on_hand != shelf.on_hand:
        change = on_hand - shelf.on_hand
        session.add(StockMovement(company_id=company_id, quantity=change, reason="counted", **key))
        shelf.on_hand = on_hand
        outbox.publish(
            "inventory.counted",
            {"product_id": str(product_id), "warehouse_id": str(warehouse_id), "on_hand": on_hand},
            subject=product_id,
            company_id=company_id,
        )
    return shelf


def reserve(*, company_id: UUID, wanted: Mapping[UUID, Mapping[UUID, int]]) -> dict[UUID, OutOfStock]:
    """Hold what each order wants (order id → product id → units), whole or not at all, the first first.

    Returns the orders for which there was not enough, and why.
    """
    products = {product_id for its in wanted.values() for product_id in its}
    rows = db.run(_LOCK_SHELVES, {"products": list(products), "company": company_id})
    shares, refused = allocate_in_turn(wanted, [Shelf(*row) for row in rows])
    held = [(order_id, *share) for order_id, its in shares.items() for share in its]
    orders, product_ids, warehouses, quantities = zip(*held, strict=True) if held else ([], [], [], [])
    db.run(
        _HOLD,
        {
            "company": company_id,
            "orders": list(orders),
            "products": list(product_ids),
            "warehouses": list(warehouses),
            "quantities": list(quantities),
        },
    )
    _announce("inventory.reserved", shares, company_id)
    return refused


def release(*, order_ids: Collection[UUID], company_id: UUID) -> None:
    """Give back what is held for these orders; harmless where nothing is."""
    held = _move(_RELEASE, order_ids, "held", company_id)
    _announce("inventory.released", held, company_id)


def commit(*, order_ids: Collection[UUID], company_id: UUID) -> None:
    """What was held for these orders leaves the shelves: it is sold."""
    _move(_COMMIT, order_ids, "held", company_id)


def take_back(*, order_ids: Collection[UUID], company_id: UUID) -> None:
    """What was sold to these orders goes back on its shelves; harmless where nothing was, or it went back already."""
    sold = _move(_TAKE_BACK, order_ids, "committed", company_id)
    _announce("inventory.taken_back", sold, company_id)


def _move(statement: str, order_ids: Collection[UUID], state: str, company_id: UUID) -> Collection[UUID]:
    """Run the statement for those orders that have reservations in this state, their shelves locked; which they are."""
    locked = db.run(_LOCK_HELD, {"orders": list(order_ids), "state": state}).fetchall()
    orders, products = {order_id for order_id, _ in locked}, {product_id for _, product_id in locked}
    if orders:
        db.run(statement, {"orders": list(orders), "products": list(products), "company": company_id})
    return orders


def _announce(event: str, order_ids: Collection[UUID], company_id: UUID) -> None:
    for order_id in order_ids:
        outbox.publish(event, {"order_id": str(order_id)}, subject=order_id, company_id=company_id)

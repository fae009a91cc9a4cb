"""Reserving, releasing, committing and taking back stock, for many orders at once.

Rows of `stock` are always locked in the order of product and warehouse, to avoid deadlocks.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from domain.inventory.allocation import ReservationRequest, StockLevel, allocate_in_order
from domain.inventory.errors import OutOfStock
from domain.inventory.events import (
    STOCK_RELEASED,
    STOCK_RESERVED,
    STOCK_TAKEN_BACK,
    OrderStock,
)
from kit import db
from kit.messaging import events
from kit.messaging.events import Event

_LOCK_STOCK = """
    SELECT product_id, warehouse_id, on_hand - reserved AS available
    FROM stock WHERE product_id = ANY(%(products)s) AND company_id = %(company)s
    ORDER BY product_id, warehouse_id FOR UPDATE"""

_RESERVE = """
    WITH allocation AS (
        SELECT * FROM unnest(%(orders)s::uuid[], %(products)s::uuid[], %(warehouses)s::uuid[], %(quantities)s::int[])
            AS s (order_id, product_id, warehouse_id, quantity)
    ), held AS (
        UPDATE stock SET reserved = reserved + total.quantity
        FROM (SELECT product_id, warehouse_id, sum(quantity) AS quantity FROM allocation GROUP BY 1, 2) total
        WHERE stock.product_id = ANY(%(products)s)
            AND (stock.product_id, stock.warehouse_id) = (total.product_id, total.warehouse_id)
    )
    INSERT INTO reservations (order_id, product_id, warehouse_id, company_id, quantity)
    SELECT order_id, product_id, warehouse_id, %(company)s, quantity FROM allocation"""

_LOCK_RESERVED = """
    SELECT r.order_id, r.product_id FROM stock s JOIN reservations r USING (product_id, warehouse_id)
    WHERE r.order_id = ANY(%(orders)s) AND r.state = %(state)s
    ORDER BY s.product_id, s.warehouse_id FOR UPDATE OF s"""

_RELEASE = """
    WITH moved AS (
        UPDATE reservations SET state = 'released' WHERE order_id = ANY(%(orders)s) AND state = 'held'
        RETURNING product_id, warehouse_id, quantity
    )
    UPDATE stock SET reserved = reserved - total.quantity
    FROM (SELECT product_id, warehouse_id, sum(quantity) AS quantity FROM moved GROUP BY 1, 2) total
    WHERE stock.product_id = ANY(%(products)s)
        AND (stock.product_id, stock.warehouse_id) = (total.product_id, total.warehouse_id)"""

_COMMIT = """
    WITH moved AS (
        UPDATE reservations SET state = 'committed' WHERE order_id = ANY(%(orders)s) AND state = 'held'
        RETURNING order_id, product_id, warehouse_id, quantity
    ), ledger AS (
        INSERT INTO stock_movements (company_id, product_id, warehouse_id, order_id, quantity, reason)
        SELECT %(company)s, product_id, warehouse_id, order_id, -quantity, 'sold' FROM moved
    )
    UPDATE stock SET reserved = reserved - total.quantity, on_hand = on_hand - total.quantity
    FROM (SELECT product_id, warehouse_id, sum(quantity) AS quantity FROM moved GROUP BY 1, 2) total
    WHERE stock.product_id = ANY(%(products)s)
        AND (stock.product_id, stock.warehouse_id) = (total.product_id, total.warehouse_id)"""

_TAKE_BACK = """
    WITH moved AS (
        UPDATE reservations SET state = 'taken_back' WHERE order_id = ANY(%(orders)s) AND state = 'committed'
        RETURNING order_id, product_id, warehouse_id, quantity
    ), ledger AS (
        INSERT INTO stock_movements (company_id, product_id, warehouse_id, order_id, quantity, reason)
        SELECT %(company)s, product_id, warehouse_id, order_id, quantity, 'taken_back' FROM moved
    )
    UPDATE stock SET on_hand = on_hand + total.quantity
    FROM (SELECT product_id, warehouse_id, sum(quantity) AS quantity FROM moved GROUP BY 1, 2) total
    WHERE stock.product_id = ANY(%(products)s)
        AND (stock.product_id, stock.warehouse_id) = (total.product_id, total.warehouse_id)"""


def reserve(*, company_id: UUID, requests: Sequence[ReservationRequest]) -> dict[UUID, OutOfStock]:
    """Reserve the requested stock, in the order of the requests. Returns errors by order id.

    The reference of a request is an order's id. A request for more units than are available reserves nothing and has an
    error; the other requests are not affected.
    """
    products = {product_id for request in requests for product_id in request.quantities}
    rows = db.run(_LOCK_STOCK, {"products": list(products), "company": company_id})
    allocations, errors = allocate_in_order(requests, [StockLevel(*row) for row in rows])
    reserved = [(order_id, *allocation) for order_id, of_order in allocations.items() for allocation in of_order]
    orders, product_ids, warehouses, units = zip(*reserved, strict=True) if reserved else ([], [], [], [])
    db.run(
        _RESERVE,
        {
            "company": company_id,
            "orders": list(orders),
            "products": list(product_ids),
            "warehouses": list(warehouses),
            "quantities": list(units),
        },
    )
    _announce(STOCK_RESERVED, allocations, company_id)
    return errors


def release(*, order_ids: Collection[UUID], company_id: UUID) -> None:
    """Release the reservations of these orders. Does nothing for orders without any."""
    released = _move_stock(_RELEASE, order_ids, "held", company_id)
    _announce(STOCK_RELEASED, released, company_id)


def commit(*, order_ids: Collection[UUID], company_id: UUID) -> None:
    """Commit the reservations of these orders: the units are sold and leave the stock."""
    _move_stock(_COMMIT, order_ids, "held", company_id)


def take_back(*, order_ids: Collection[UUID], company_id: UUID) -> None:
    """Return the sold units of these orders to the stock. Does nothing for orders without any, or if repeated."""
    returned = _move_stock(_TAKE_BACK, order_ids, "committed", company_id)
    _announce(STOCK_TAKEN_BACK, returned, company_id)


def _move_stock(statement: str, order_ids: Collection[UUID], state: str, company_id: UUID) -> Collection[UUID]:
    """Lock the stock of reservations in this state, and run the statement for their orders. Returns these orders."""
    locked = db.run(_LOCK_RESERVED, {"orders": list(order_ids), "state": state}).fetchall()
    orders, products = {order_id for order_id, _ in locked}, {product_id for _, product_id in locked}
    if orders:
        db.run(statement, {"orders": list(orders), "products": list(products), "company": company_id})
    return orders


def _announce(event: Event[OrderStock], order_ids: Collection[UUID], company_id: UUID) -> None:
    for order_id in order_ids:
        events.publish(event, OrderStock(order_id), subject=order_id, company_id=company_id)

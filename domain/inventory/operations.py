"""Holding, selling and giving back stock. Shelves are always locked in order of product and warehouse."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from domain.inventory.allocation import Shelf, allocate
from domain.inventory.errors import BelowReserved
from domain.inventory.models import Stock, StockMovement, Warehouse
from domain.inventory.queries import the_warehouse
from kit import db, outbox
from kit.errors import Conflict

_LOCK_SHELVES = """
    SELECT product_id, warehouse_id, on_hand - reserved AS available
    FROM stock WHERE product_id = ANY(%(products)s) AND company_id = %(company)s
    ORDER BY product_id, warehouse_id FOR UPDATE"""

_HOLD = """
    WITH share AS (
        SELECT * FROM unnest(%(products)s::uuid[], %(warehouses)s::uuid[], %(quantities)s::int[])
            AS s (product_id, warehouse_id, quantity)
    ), held AS (
        UPDATE stock SET reserved = reserved + share.quantity
        FROM share WHERE (stock.product_id, stock.warehouse_id) = (share.product_id, share.warehouse_id)
    )
    INSERT INTO reservations (order_id, product_id, warehouse_id, company_id, quantity)
    SELECT %(order)s, product_id, warehouse_id, %(company)s, quantity FROM share"""

_LOCK_HELD = """
    SELECT s.product_id FROM stock s JOIN reservations r USING (product_id, warehouse_id)
    WHERE r.order_id = %(order)s AND r.state = %(state)s
    ORDER BY s.product_id, s.warehouse_id FOR UPDATE OF s"""

_RELEASE = """
    WITH given AS (
        UPDATE reservations SET state = 'released' WHERE order_id = %(order)s AND state = 'held'
        RETURNING product_id, warehouse_id, quantity
    )
    UPDATE stock SET reserved = reserved - given.quantity
    FROM given WHERE (stock.product_id, stock.warehouse_id) = (given.product_id, given.warehouse_id)"""

_COMMIT = """
    WITH given AS (
        UPDATE reservations SET state = 'committed' WHERE order_id = %(order)s AND state = 'held'
        RETURNING product_id, warehouse_id, quantity
    ), ledger AS (
        INSERT INTO stock_movements (company_id, product_id, warehouse_id, order_id, quantity, reason)
        SELECT %(company)s, product_id, warehouse_id, %(order)s, -quantity, 'sold' FROM given
    )
    UPDATE stock SET reserved = reserved - given.quantity, on_hand = on_hand - given.quantity
    FROM given WHERE (stock.product_id, stock.warehouse_id) = (given.product_id, given.warehouse_id)"""

_TAKE_BACK = """
    WITH given AS (
        UPDATE reservations SET state = 'taken_back' WHERE order_id = %(order)s AND state = 'committed'
        RETURNING product_id, warehouse_id, quantity
    ), ledger AS (
        INSERT INTO stock_movements (company_id, product_id, warehouse_id, order_id, quantity, reason)
        SELECT %(company)s, product_id, warehouse_id, %(order)s, quantity, 'taken_back' FROM given
    )
    UPDATE stock SET on_hand = on_hand + given.quantity
    FROM given WHERE (stock.product_id, stock.warehouse_id) = (given.product_id, given.warehouse_id)"""


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


def reserve(*, order_id: UUID, company_id: UUID, wanted: dict[UUID, int]) -> None:
    """Hold these quantities (product id → units) for the order; raises OutOfStock, holding nothing."""
    rows = db.run(_LOCK_SHELVES, {"products": list(wanted), "company": company_id})
    shares = allocate(wanted, [Shelf(*row) for row in rows])
    db.run(
        _HOLD,
        {
            "order": order_id,
            "company": company_id,
            "products": [share.product_id for share in shares],
            "warehouses": [share.warehouse_id for share in shares],
            "quantities": [share.quantity for share in shares],
        },
    )
    _announce("inventory.reserved", order_id, company_id)


def release(*, order_id: UUID, company_id: UUID) -> None:
    """Give back what is held for the order; harmless when nothing is."""
    if db.run(_LOCK_HELD, {"order": order_id, "state": "held"}).fetchone():
        db.run(_RELEASE, {"order": order_id})
        _announce("inventory.released", order_id, company_id)


def commit(*, order_id: UUID, company_id: UUID) -> None:
    """What was held for the order leaves the shelves: it is sold."""
    db.run(_LOCK_HELD, {"order": order_id, "state": "held"})
    db.run(_COMMIT, {"order": order_id, "company": company_id})


def take_back(*, order_id: UUID, company_id: UUID) -> None:
    """What was sold to the order goes back on its shelves; harmless when nothing was, or it went back already."""
    if db.run(_LOCK_HELD, {"order": order_id, "state": "committed"}).fetchone():
        db.run(_TAKE_BACK, {"order": order_id, "company": company_id})
        _announce("inventory.taken_back", order_id, company_id)


def _announce(event: str, order_id: UUID, company_id: UUID) -> None:
    outbox.publish(event, {"order_id": str(order_id)}, subject=order_id, company_id=company_id)

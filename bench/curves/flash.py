"""A flash sale: 10,000 buyers of 1,000 units of one product at once. Exactly 1,000 orders must be paid."""

import time
from collections.abc import Sequence

import psycopg

from bench.curves.run import CurveData, WriteLine, run
from bench.load_generators import LoadGenerators
from bench.peers.orderx import OrderxDriver, OrderxEngine
from bench.servers import Servers
from bench.trial import wait_until_finished
from bench.workload import COMPANY, WAREHOUSE, product
from domain.sales.errors import OutOfStock

BUYERS, UNITS = 10_000, 1_000
_FIND_ENDED_ORDERS = "/* watch */ SELECT id::text FROM orders WHERE id = ANY(%s::uuid[]) AND status <> 'pending'"


class FlashSaleDriver(OrderxDriver):
    """Orders the first product only; an order refused as sold out is not repeated."""

    def place(self, _number: int) -> str:
        """Place an order. Returns "" if the product is sold out."""
        try:
            return super().place(0)
        except OutOfStock:
            return ""

    def paid(self, orders: Sequence[str]) -> list[str]:
        """The orders that have ended, paid or failed."""
        return [row[0] for row in self._connection.execute(_FIND_ENDED_ORDERS, [list(orders)])]


class OrderxFlash(OrderxEngine):
    """The engine with few units in stock."""

    driver = "bench.curves.flash:FlashSaleDriver"
    finish_timeout = 600.0

    def is_finished(self) -> bool:
        """Whether all sagas have ended."""
        row = self._watch.execute("/* watch */ SELECT EXISTS (SELECT FROM sagas WHERE ended_at IS NULL)").fetchone()
        return row is not None and not row[0]


def measure(servers: Servers, log: WriteLine, *, seconds: float) -> CurveData:  # noqa: ARG001 - runs until all buyers are served
    """One point: how many buyers got the product, and how fast."""
    with run(servers, OrderxFlash) as under_way:
        url = under_way.participant.environment.database_url
        with psycopg.connect(url) as connection:
            _set_stock(connection, UNITS)
            before = _count_orders_by_status(connection)
        assert isinstance(under_way.load, LoadGenerators)
        sent = under_way.load.burst(orders=BUYERS, in_flight=512, threads=8)
        wait_until_finished(under_way.participant)
        took = time.time() - sent.begun
        with psycopg.connect(url) as connection:
            after = _count_orders_by_status(connection)
            on_hand, reserved = _stock_level(connection)
    point = {
        "buyers": BUYERS, "units": UNITS, "left": on_hand, "still_reserved": reserved, "seconds": round(took, 1),
        **{status: after.get(status, 0) - before.get(status, 0) for status in ("paid", "failed", "pending")},
    }  # fmt: skip
    point["refused_at_once"] = BUYERS - sum(point[status] for status in ("paid", "failed", "pending"))
    point["exact"] = point["paid"] == UNITS and on_hand == reserved == 0
    log(str(point))
    return {"title": "Flash sale", "x": "buyers", "y": ["paid", "failed", "refused_at_once"], "points": [point]}


_FIRST_PRODUCT = {"product": product(0), "warehouse": WAREHOUSE, "company": COMPANY}


def _set_stock(connection: psycopg.Connection, units: int) -> None:
    """Reduce the stock to `units`, in the ledger as well."""
    connection.execute(
        """WITH level AS (
            SELECT on_hand FROM stock WHERE product_id = %(product)s AND warehouse_id = %(warehouse)s FOR UPDATE
        ), ledger AS (
            INSERT INTO stock_movements (company_id, product_id, warehouse_id, quantity, reason)
            SELECT %(company)s, %(product)s, %(warehouse)s, %(units)s - on_hand, 'counted' FROM level
        )
        UPDATE stock SET on_hand = %(units)s WHERE product_id = %(product)s AND warehouse_id = %(warehouse)s""",
        {**_FIRST_PRODUCT, "units": units},
    )


def _stock_level(connection: psycopg.Connection) -> tuple[int, int]:
    row = connection.execute(
        "SELECT on_hand, reserved FROM stock WHERE product_id = %(product)s AND warehouse_id = %(warehouse)s",
        _FIRST_PRODUCT,
    ).fetchone()
    assert row
    return row[0], row[1]


def _count_orders_by_status(connection: psycopg.Connection) -> dict[str, int]:
    return dict(connection.execute("SELECT status, count(*) FROM orders GROUP BY status").fetchall())

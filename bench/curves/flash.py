"""A flash sale: far more buyers than units of one product, all at once. Exactly the units there are may be paid."""

import time
from collections.abc import Sequence

import psycopg

from bench.curves.point import Curve, Tell, run
from bench.loaders import Loaders
from bench.peers.orderx import OrderxEngine, Placing
from bench.stage import Stage
from bench.trial import settle
from bench.workload import COMPANY, WAREHOUSE, product
from domain.sales.errors import SoldOut

BUYERS, UNITS = 10_000, 1_000
_ENDED = "/* watch */ SELECT id::text FROM orders WHERE id = ANY(%s::uuid[]) AND status <> 'pending'"


class Rushing(Placing):
    """Everybody wants the first product; who is told that it is sold out goes away."""

    def place(self, _number: int) -> str:
        """Place the order, or be refused."""
        try:
            return super().place(0)
        except SoldOut:
            return ""

    def paid(self, orders: Sequence[str]) -> list[str]:
        """Those that have ended, well or not."""
        return [row[0] for row in self._connection.execute(_ENDED, [list(orders)])]


class OrderxFlash(OrderxEngine):
    """The engine with a shelf of few units."""

    placer = "bench.curves.flash:Rushing"
    settling = 600.0

    def settled(self) -> bool:
        """No saga runs any more."""
        row = self._watch.execute("/* watch */ SELECT EXISTS (SELECT FROM sagas WHERE ended_at IS NULL)").fetchone()
        return row is not None and not row[0]


def curve(stage: Stage, tell: Tell, *, seconds: float) -> Curve:  # noqa: ARG001 - it takes as long as it takes
    """One point: what became of the buyers, and how fast."""
    with run(stage, OrderxFlash) as under_way:
        url = under_way.contestant.scene.database_url
        with psycopg.connect(url) as connection:
            _leave(connection, UNITS)
            before = _counted(connection)
        assert isinstance(under_way.load, Loaders)
        sent = under_way.load.rush(orders=BUYERS, in_flight=512, threads=8)
        settle(under_way.contestant)
        took = time.time() - sent.begun
        with psycopg.connect(url) as connection:
            after = _counted(connection)
            on_hand, reserved = _shelf(connection)
    point = {
        "buyers": BUYERS, "units": UNITS, "left": on_hand, "still_reserved": reserved, "seconds": round(took, 1),
        **{status: after.get(status, 0) - before.get(status, 0) for status in ("paid", "failed", "pending")},
    }  # fmt: skip
    point["refused_at_once"] = BUYERS - sum(point[status] for status in ("paid", "failed", "pending"))
    point["exact"] = point["paid"] == UNITS and on_hand == reserved == 0
    tell(str(point))
    return {"title": "Flash sale", "x": "buyers", "y": ["paid", "failed", "refused_at_once"], "points": [point]}


_SHELF = {"product": product(0), "warehouse": WAREHOUSE, "company": COMPANY}


def _leave(connection: psycopg.Connection, units: int) -> None:
    """Count the shelf down to so many units, in the ledger, too."""
    connection.execute(
        """WITH shelf AS (
            SELECT on_hand FROM stock WHERE product_id = %(product)s AND warehouse_id = %(warehouse)s FOR UPDATE
        ), ledger AS (
            INSERT INTO stock_movements (company_id, product_id, warehouse_id, quantity, reason)
            SELECT %(company)s, %(product)s, %(warehouse)s, %(units)s - on_hand, 'counted' FROM shelf
        )
        UPDATE stock SET on_hand = %(units)s WHERE product_id = %(product)s AND warehouse_id = %(warehouse)s""",
        {**_SHELF, "units": units},
    )


def _shelf(connection: psycopg.Connection) -> tuple[int, int]:
    row = connection.execute(
        "SELECT on_hand, reserved FROM stock WHERE product_id = %(product)s AND warehouse_id = %(warehouse)s", _SHELF
    ).fetchone()
    assert row
    return row[0], row[1]


def _counted(connection: psycopg.Connection) -> dict[str, int]:
    return dict(connection.execute("SELECT status, count(*) FROM orders GROUP BY status").fetchall())

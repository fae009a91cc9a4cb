"""Throughput and latency against the finished orders that the database has already: it must stay flat."""

import psycopg

from bench.curves.fill import fill
from bench.curves.point import Curve, Tell, run
from bench.peers.orderx import OrderxEngine
from bench.stage import Stage

SIZES = (10_000, 100_000, 1_000_000, 5_000_000)


def curve(stage: Stage, tell: Tell, *, seconds: float, most: int) -> Curve:
    """One database that grows from point to point."""
    points = []
    with run(stage, OrderxEngine) as under_way:
        url, stored = under_way.contestant.scene.database_url, 0
        for size in (size for size in SIZES if size <= most):
            with psycopg.connect(url, autocommit=True) as connection:
                fill(connection, already=stored, upto=size)
            stored = size
            stage.superuser.execute("CHECKPOINT")
            under_way.peak(2)  # brings the pages that are hot back into memory
            peak = under_way.peak(seconds)
            calm = under_way.at(peak["per_s"] / 2, seconds)
            points.append({"stored": size, **peak, **{name: calm[name] for name in ("p50_ms", "p99_ms")}})
            tell(str(points[-1]))
    y = ["per_s", "p50_ms", "p99_ms"]
    return {"title": "Orders stored", "x": "stored", "y": y, "log": True, "points": points}

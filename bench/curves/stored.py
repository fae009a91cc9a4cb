"""Throughput and latency by the number of finished orders in the database; both must stay constant."""

import psycopg

from bench.curves.run import CurveData, WriteLine, run
from bench.curves.stored_orders import fill
from bench.peers.orderx import OrderxEngine
from bench.servers import Servers

SIZES = (10_000, 100_000, 1_000_000, 5_000_000)


def measure(servers: Servers, log: WriteLine, *, seconds: float, most: int) -> CurveData:
    """One database that grows from point to point."""
    points = []
    with run(servers, OrderxEngine) as under_way:
        url, stored = under_way.participant.environment.database_url, 0
        for size in (size for size in SIZES if size <= most):
            with psycopg.connect(url, autocommit=True) as connection:
                fill(connection, already=stored, upto=size)
            stored = size
            servers.superuser.execute("CHECKPOINT")
            under_way.peak(2)  # loads the frequently used pages into memory
            peak = under_way.peak(seconds)
            calm = under_way.at(peak["per_s"] / 2, seconds)
            points.append({"stored": size, **peak, **{name: calm[name] for name in ("p50_ms", "p99_ms")}})
            log(str(points[-1]))
    y = ["per_s", "p50_ms", "p99_ms"]
    return {"title": "Orders stored", "x": "stored", "y": y, "log": True, "points": points}

"""Throughput by the number of order workers."""

from bench.curves.run import CurveData, WriteLine, run
from bench.peers.orderx import OrderxEngine
from bench.servers import Servers

MOST = 4


def measure(servers: Servers, log: WriteLine, *, seconds: float) -> CurveData:
    """From one worker to MOST."""
    points = []
    for workers in range(1, MOST + 1):
        with run(servers, OrderxEngine, workers=workers) as under_way:
            points.append({"workers": workers, **under_way.peak(seconds)})
            log(str(points[-1]))
    return {"title": "Order workers", "x": "workers", "y": ["per_s", "cpu_ms_per_order"], "points": points}

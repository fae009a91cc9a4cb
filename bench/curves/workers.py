"""Throughput against the number of order workers: how far one machine's processors carry."""

from bench.curves.point import Curve, Tell, run
from bench.peers.orderx import OrderxEngine
from bench.stage import Stage

MOST = 4


def curve(stage: Stage, tell: Tell, *, seconds: float) -> Curve:
    """One worker, two, and so on."""
    points = []
    for workers in range(1, MOST + 1):
        with run(stage, OrderxEngine, workers=workers) as under_way:
            points.append({"workers": workers, **under_way.peak(seconds)})
            tell(str(points[-1]))
    return {"title": "Order workers", "x": "workers", "y": ["per_s", "cpu_ms_per_order"], "points": points}

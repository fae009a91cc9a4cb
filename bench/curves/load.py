"""Throughput and latency against the load that is offered: where the queues begin."""

from bench.curves.point import Curve, Tell, run
from bench.peers.orderx import OrderxEngine, OrderxFull
from bench.stage import Stage

SHARES = (0.1, 0.25, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1)
"""Of the peak; beyond it the queues grow for as long as it lasts."""


def curve(stage: Stage, tell: Tell, *, seconds: float) -> Curve:
    """Both workloads, each at shares of its own peak."""
    points = []
    for kind in (OrderxEngine, OrderxFull):
        with run(stage, kind) as under_way:
            peak = under_way.peak(seconds)["per_s"]
            for share in SHARES:
                point = {"series": kind.workload, "share": share, **under_way.at(peak * share, seconds)}
                tell(str(point))
                points.append(point)
    return {"title": "Load on the clock", "x": "offered_per_s", "y": ["per_s", "p50_ms", "p99_ms"], "points": points}

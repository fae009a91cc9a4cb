"""Throughput and latency by offered load."""

from bench.curves.run import CurveData, WriteLine, run
from bench.peers.orderx import OrderxEngine, OrderxFull
from bench.servers import Servers

SHARES = (0.1, 0.25, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1)
"""Offered load as shares of the peak; beyond the peak, queues grow."""


def measure(servers: Servers, log: WriteLine, *, seconds: float) -> CurveData:
    """Both workloads, each at shares of its peak."""
    points = []
    for kind in (OrderxEngine, OrderxFull):
        with run(servers, kind) as under_way:
            peak = under_way.peak(seconds)["per_s"]
            for share in SHARES:
                point = {"series": kind.workload, "share": share, **under_way.at(peak * share, seconds)}
                log(str(point))
                points.append(point)
    return {"title": "Offered load", "x": "offered_per_s", "y": ["per_s", "p50_ms", "p99_ms"], "points": points}

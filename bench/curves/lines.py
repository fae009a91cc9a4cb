"""Throughput and latency by the number of lines per order."""

from bench.curves.run import CurveData, WriteLine, run
from bench.peers.orderx import OrderxEngine
from bench.servers import Servers

LINES = (1, 2, 5, 10, 20, 50, 100)


class OrderxLines(OrderxEngine):
    """OrderX with `lines` lines per order."""

    def driver_env(self) -> dict[str, object]:
        """The number of lines."""
        return {"BENCH_LINES": self.setting["lines"]}


def measure(servers: Servers, log: WriteLine, *, seconds: float) -> CurveData:
    """From one line to the maximum per order."""
    points = []
    for lines in LINES:
        with run(servers, OrderxLines, lines=lines) as under_way:
            peak = under_way.peak(seconds)
            calm = under_way.at(peak["per_s"] / 2, seconds)
            points.append({"lines": lines, **peak, **{name: calm[name] for name in ("p50_ms", "p99_ms")}})
            log(str(points[-1]))
    return {"title": "Lines per order", "x": "lines", "y": ["per_s", "p50_ms", "p99_ms"], "log": True, "points": points}

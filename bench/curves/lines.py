"""Throughput and latency against the lines of an order."""

from bench.curves.point import Curve, Tell, run
from bench.peers.orderx import OrderxEngine
from bench.stage import Stage

LINES = (1, 2, 5, 10, 20, 50, 100)


class OrderxLines(OrderxEngine):
    """Orders of `lines` lines."""

    def load_env(self) -> dict[str, object]:
        """How many."""
        return {"BENCH_LINES": self.setting["lines"]}


def curve(stage: Stage, tell: Tell, *, seconds: float) -> Curve:
    """From one line to the most that an order may have."""
    points = []
    for lines in LINES:
        with run(stage, OrderxLines, lines=lines) as under_way:
            peak = under_way.peak(seconds)
            calm = under_way.at(peak["per_s"] / 2, seconds)
            points.append({"lines": lines, **peak, **{name: calm[name] for name in ("p50_ms", "p99_ms")}})
            tell(str(points[-1]))
    return {"title": "Lines per order", "x": "lines", "y": ["per_s", "p50_ms", "p99_ms"], "log": True, "points": points}

"""What is not a race: what `Prefer: wait` adds, and what the whole stack takes when nobody orders."""

import json
import time
from pathlib import Path

from bench import measure
from bench.figures import Figures, latencies
from bench.peers.orderx import OrderxFull
from bench.stage import Stage
from bench.trial import running
from ops.services import directories
from ops.stack import Stack

_GENTLE = 5.0
"""Orders a second, for latencies without queueing."""
_REST = 12.0
"""Seconds at least over which rest is measured: CPU time is counted in hundredths of a second."""


class OrderxWaiting(OrderxFull):
    """OrderX, asked to answer only when the order is paid."""

    name = "orderx_waiting"

    def load_env(self) -> dict[str, object]:
        """The headers, and one more."""
        given = super().load_env()
        headers = {**json.loads(str(given["BENCH_HEADERS"])), "Prefer": "wait=20"}
        return {**given, "BENCH_HEADERS": json.dumps(headers)}


def extras(stage: Stage, *, seconds: float) -> dict[str, Figures]:
    """Both, taking a multiple of so many seconds, or of what it takes at least."""
    return {
        "prefer_wait": prefer_wait(stage, seconds=seconds),
        "idle": idle(stage.home / "idle", seconds=max(seconds, _REST)),
    }


def prefer_wait(stage: Stage, *, seconds: float) -> Figures:
    """How long after an order is paid its answer is there, when the request waits for it."""
    with stage.scene(OrderxWaiting.name) as scene:
        contestant = OrderxWaiting(scene, OrderxWaiting.settings[0])
        contestant.prepare()
        with running(contestant.processes()), contestant.load() as load:
            load.on_the_clock(seconds=2, rate=_GENTLE, threads=16)
            sent = load.on_the_clock(seconds=seconds, rate=_GENTLE, threads=16)
            times = contestant.times(sent)
        answered = [sent.orders[order][1] - paid for order, (_, paid) in times.items()]
        paid = [moment - posted for posted, moment in times.values()]
        return {"added": latencies(answered), "post_to_paid": latencies(paid), "orders": len(times)}


def idle(home: Path, *, seconds: float) -> Figures:
    """Memory, and CPU as a share of one processor, of `orderx up` with nothing to do."""
    stack = Stack(directories.make(home), usual_ports=False)
    stack.start()
    try:
        trees = {process.name: [process.pid] for process in stack.processes if process.running and process.pid}
        time.sleep(seconds)  # let it come to rest
        begun, before = time.monotonic(), measure.cpu_by_name(trees)
        time.sleep(seconds)
        passed = time.monotonic() - begun
        spent = {name: after - before[name] for name, after in measure.cpu_by_name(trees).items()}
        memory = measure.Memory()
        memory.look(trees)
        return {
            "memory_mb": round(memory.peak_of_all / 1e6, 1),
            "cpu_percent": round(100 * sum(spent.values()) / passed, 2),
            "memory_mb_by_process": {name: round(held / 1e6, 1) for name, held in memory.peak.items()},
            "cpu_percent_by_process": {name: round(100 * used / passed, 2) for name, used in spent.items()},
        }
    finally:
        stack.stop()

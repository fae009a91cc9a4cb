"""Figures of OrderX alone: the latency added by `Prefer: wait`, and the cost of an idle stack."""

import json
import time
from pathlib import Path

from bench import measure
from bench.figures import Figures, latencies
from bench.peers.orderx import OrderxFull
from bench.servers import Servers
from bench.trial import running
from ops.services import directories
from ops.stack import Stack

_LOW_RATE = 5.0
"""Orders a second, for latencies without queueing."""
_IDLE_SECONDS = 12.0
"""Shortest measurement of the idle stack in seconds: CPU time is counted in hundredths of a second."""


class OrderxWaiting(OrderxFull):
    """OrderX with requests that wait until the order is paid."""

    name = "orderx_waiting"

    def driver_env(self) -> dict[str, object]:
        """The headers, with `Prefer: wait`."""
        variables = super().driver_env()
        headers = {**json.loads(str(variables["BENCH_HEADERS"])), "Prefer": "wait=20"}
        return {**variables, "BENCH_HEADERS": json.dumps(headers)}


def wait_and_idle(servers: Servers, *, seconds: float) -> dict[str, Figures]:
    """Measure both; each takes a multiple of `seconds`."""
    return {
        "prefer_wait": prefer_wait(servers, seconds=seconds),
        "idle": idle(servers.home / "idle", seconds=max(seconds, _IDLE_SECONDS)),
    }


def prefer_wait(servers: Servers, *, seconds: float) -> Figures:
    """Measure how long after an order is paid the waiting request is answered."""
    with servers.run_environment(OrderxWaiting.name) as environment:
        participant = OrderxWaiting(environment, OrderxWaiting.settings[0])
        participant.prepare()
        with running(participant.processes()), participant.load() as load:
            load.open_loop(seconds=2, rate=_LOW_RATE, threads=16)
            sent = load.open_loop(seconds=seconds, rate=_LOW_RATE, threads=16)
            times = participant.times(sent)
        answered = [sent.orders[order][1] - paid for order, (_, paid) in times.items()]
        paid = [moment - posted for posted, moment in times.values()]
        return {"added": latencies(answered), "post_to_paid": latencies(paid), "orders": len(times)}


def idle(home: Path, *, seconds: float) -> Figures:
    """Measure memory, and CPU as a share of one processor, of an idle `orderx up`."""
    stack = Stack(directories.make(home), usual_ports=False)
    stack.start()
    try:
        trees = {process.name: [process.pid] for process in stack.processes if process.is_running and process.pid}
        time.sleep(seconds)  # until it is idle
        begun, before = time.monotonic(), measure.cpu_by_name(trees)
        time.sleep(seconds)
        passed = time.monotonic() - begun
        spent = {name: after - before[name] for name, after in measure.cpu_by_name(trees).items()}
        memory = measure.Memory()
        memory.sample(trees)
        return {
            "memory_mb": round(memory.peak_of_all / 1e6, 1),
            "cpu_percent": round(100 * sum(spent.values()) / passed, 2),
            "memory_mb_by_process": {name: round(held / 1e6, 1) for name, held in memory.peak.items()},
            "cpu_percent_by_process": {name: round(100 * used / passed, 2) for name, used in spent.items()},
        }
    finally:
        stack.stop()

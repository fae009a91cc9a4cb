"""One trial: one contestant, one setting, on a fresh database: to its peak, then at half of that."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench import measure
from bench.contestant import Contestant, Load, Setting
from bench.figures import Figures, latencies
from bench.loaders import Sent
from bench.measure import Trees
from bench.stage import Stage
from ops.services.process import Process


@dataclass(frozen=True, slots=True)
class Length:
    """How many seconds each part of a trial takes; no latency is taken at half of the peak where `half` is 0."""

    warm_up: float
    peak: float
    half: float


def attempt(stage: Stage, kind: type[Contestant], setting: Setting, length: Length) -> Figures:
    """The figures of one trial."""
    with stage.scene(f"{kind.workload}_{kind.name}") as scene:
        contestant = kind(scene, setting)
        contestant.prepare()
        with running(contestant.processes()) as processes, contestant.load() as load:
            roots = trees(stage, contestant, processes, load)
            _closed(load, setting, length.warm_up)
            settle(contestant)
            scene.vacuum()
            figures = at_peak(stage, contestant, load, roots, length.peak)
            if length.half and contestant.takes_latency:
                figures |= _at_half(stage, contestant, load, figures["per_s"] / 2, length.half)
        return figures


@contextmanager
def running(processes: list[Process]) -> Iterator[list[Process]]:
    """The processes, started and ready; they are gone after the block."""
    try:
        for process in processes:
            process.launch()
        for process in processes:
            process.wait_until_ready()
        yield processes
    finally:
        for process in processes:
            process.kill()  # all is done and committed: nobody need say goodbye


def trees(stage: Stage, contestant: Contestant, processes: list[Process], load: Load) -> Trees:
    """The process trees that work for the contestant, by name."""
    servers = {name: stage.servers[name] for name in contestant.uses | contestant.stand_ins}
    own = {process.name: process for process in processes}
    pids = {name: [process.pid] for name, process in {**servers, **own}.items() if process.pid}
    return {**pids, "loader": list(load.pids)}


def _closed(load: Load, setting: Setting, seconds: float) -> Sent:
    return load.closed(seconds=seconds, in_flight=setting["in_flight"], threads=setting["threads"])


def settle(contestant: Contestant) -> float:
    """Wait until nothing is left to do; the time it was, or 0 when nothing was left from the first."""
    settled_at, deadline = 0.0, time.time() + contestant.settling
    while not contestant.settled():
        time.sleep(0.1)
        settled_at = time.time()
        if settled_at > deadline:
            raise TimeoutError(f"something is still to do after {contestant.settling:g} s")
    return settled_at


def at_peak(stage: Stage, contestant: Contestant, load: Load, roots: Trees, seconds: float) -> Figures:
    """As many orders as it can finish, and what they cost."""
    cpu, wal = measure.cpu_by_name(roots), measure.wal_position(stage)
    with measure.watched_memory(roots) as memory:
        sent = _closed(load, contestant.setting, seconds)
        settled_at = settle(contestant)
    used = {name: after - cpu[name] for name, after in measure.cpu_by_name(roots).items()}
    written = measure.wal_position(stage) - wal
    times = contestant.times(sent)
    orders = len(times)
    if not orders:
        raise RuntimeError("no order was paid")
    last = max(paid for _, paid in times.values())
    by_process = {name: round(spent * 1000 / orders, 3) for name, spent in used.items()}
    outside = contestant.stand_ins | ({"loader"} if contestant.workload != "engine" else set())
    return {
        "per_s": round(orders / (last - sent.begun), 1),
        "settled_per_s": round(orders / (max(last, settled_at) - sent.begun), 1),
        "orders": orders,
        "never_paid": sent.lost,
        "at_peak": latencies([paid - placed for placed, paid in times.values()]),
        "cpu_ms_per_order": round(sum(ms for name, ms in by_process.items() if name not in outside), 3),
        "cpu_ms_by_process": by_process,
        "memory_mb": round(memory.peak_of_all / 1e6, 1),
        "memory_mb_by_process": {name: round(held / 1e6, 1) for name, held in memory.peak.items()},
        "wal_bytes_per_order": round(written / orders),
    }


def _at_half(stage: Stage, contestant: Contestant, load: Load, rate: float, seconds: float) -> Figures:
    counting_messages = "rabbitmq" in contestant.uses
    messages = measure.messages_received(stage) if counting_messages else 0
    with measure.counted_statements(stage) as counts:
        sent = load.on_the_clock(seconds=seconds, rate=rate, threads=32)
        settle(contestant)
    if counting_messages:
        counts["messages"] = measure.messages_received(stage) - messages
    times = contestant.times(sent)
    orders = max(1, len(times))
    return {
        "offered_per_s": round(rate, 1),
        **latencies([paid - placed for placed, paid in times.values()]),
        **{f"{what}_per_order": round(count / orders, 2) for what, count in counts.items()},
    }

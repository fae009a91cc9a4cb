"""One trial: one participant with one setting on a new database, at its peak and at half of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench import measure
from bench.figures import Figures, latencies
from bench.load_generators import Sent
from bench.measure import Trees
from bench.participant import Load, Participant, Setting
from bench.servers import Servers
from ops.services.process import Process


@dataclass(frozen=True, slots=True)
class Length:
    """Seconds that each part of a trial takes; with `half` 0, latency at half of the peak is not measured."""

    warm_up: float
    peak: float
    half: float


def run_trial(servers: Servers, kind: type[Participant], setting: Setting, length: Length) -> Figures:
    """Run one trial. Returns its figures."""
    with servers.run_environment(f"{kind.workload}_{kind.name}") as environment:
        participant = kind(environment, setting)
        participant.prepare()
        with running(participant.processes()) as processes, participant.load() as load:
            roots = process_trees(servers, participant, processes, load)
            _closed_loop(load, setting, length.warm_up)
            wait_until_finished(participant)
            environment.vacuum()
            figures = at_peak(servers, participant, load, roots, length.peak)
            if length.half and participant.measures_latency:
                figures |= _at_half(servers, participant, load, figures["per_s"] / 2, length.half)
        return figures


@contextmanager
def running(processes: list[Process]) -> Iterator[list[Process]]:
    """Start the processes and wait until they are ready; kill them after the block."""
    try:
        for process in processes:
            process.launch()
        for process in processes:
            process.wait_until_ready()
        yield processes
    finally:
        for process in processes:
            process.kill()  # all work is committed: no graceful stop needed


def process_trees(servers: Servers, participant: Participant, processes: list[Process], load: Load) -> Trees:
    """The process trees that work for the participant, by name."""
    shared = {name: servers.processes[name] for name in participant.uses | participant.stand_ins}
    own = {process.name: process for process in processes}
    pids = {name: [process.pid] for name, process in {**shared, **own}.items() if process.pid}
    return {**pids, "loader": list(load.pids)}


def _closed_loop(load: Load, setting: Setting, seconds: float) -> Sent:
    return load.closed_loop(seconds=seconds, in_flight=setting["in_flight"], threads=setting["threads"])


def wait_until_finished(participant: Participant) -> float:
    """Wait until all work is finished. Returns the time of that, or 0 if there was nothing to wait for."""
    finished_at, deadline = 0.0, time.time() + participant.finish_timeout
    while not participant.is_finished():
        time.sleep(0.1)
        finished_at = time.time()
        if finished_at > deadline:
            raise TimeoutError(f"work is left after {participant.finish_timeout:g} s")
    return finished_at


def at_peak(servers: Servers, participant: Participant, load: Load, roots: Trees, seconds: float) -> Figures:
    """Measure the highest throughput, and the cost per order."""
    cpu, wal = measure.cpu_by_name(roots), measure.wal_position(servers)
    with measure.sampled_memory(roots) as memory:
        sent = _closed_loop(load, participant.setting, seconds)
        finished_at = wait_until_finished(participant)
    used = {name: after - cpu[name] for name, after in measure.cpu_by_name(roots).items()}
    written = measure.wal_position(servers) - wal
    times = participant.times(sent)
    orders = len(times)
    if not orders:
        raise RuntimeError("no order was paid")
    last = max(paid for _, paid in times.values())
    by_process = {name: round(spent * 1000 / orders, 3) for name, spent in used.items()}
    uncounted = participant.stand_ins | ({"loader"} if participant.workload != "engine" else set())
    return {
        "per_s": round(orders / (last - sent.begun), 1),
        "finished_per_s": round(orders / (max(last, finished_at) - sent.begun), 1),
        "orders": orders,
        "never_paid": sent.lost,
        "at_peak": latencies([paid - placed for placed, paid in times.values()]),
        "cpu_ms_per_order": round(sum(ms for name, ms in by_process.items() if name not in uncounted), 3),
        "cpu_ms_by_process": by_process,
        "memory_mb": round(memory.peak_of_all / 1e6, 1),
        "memory_mb_by_process": {name: round(held / 1e6, 1) for name, held in memory.peak.items()},
        "wal_bytes_per_order": round(written / orders),
    }


def _at_half(servers: Servers, participant: Participant, load: Load, rate: float, seconds: float) -> Figures:
    counting_messages = "rabbitmq" in participant.uses
    messages = measure.messages_received(servers) if counting_messages else 0
    with measure.counted_statements(servers) as counts:
        sent = load.open_loop(seconds=seconds, rate=rate, threads=32)
        wait_until_finished(participant)
    if counting_messages:
        counts["messages"] = measure.messages_received(servers) - messages
    times = participant.times(sent)
    orders = max(1, len(times))
    return {
        "offered_per_s": round(rate, 1),
        **latencies([paid - placed for placed, paid in times.values()]),
        **{f"{what}_per_order": round(count / orders, 2) for what, count in counts.items()},
    }

"""The cost of a run: CPU and memory of process trees, and counters of the servers."""

import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psutil

from bench.servers import Servers
from ops.services.process_tree import descendants

_SAMPLE_EVERY = 1.0
"""Seconds. A sample walks through all pages of a dozen processes, which takes several milliseconds."""

Trees = Mapping[str, list[int]]
"""Root pids of process trees, by name."""


def cpu_seconds(root: int) -> float:
    """CPU seconds used by the process and its descendants, including ended ones."""
    return sum(_cpu_seconds_of(pid) for pid in (root, *descendants(root)))


def _cpu_seconds_of(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def pss_bytes(root: int) -> int:
    """Memory of the process tree in bytes, shared pages counted once."""
    return sum(_pss(pid) for pid in (root, *descendants(root)))


def _pss(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_full_info().pss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0


def cpu_by_name(trees: Trees) -> dict[str, float]:
    """CPU seconds so far, by name."""
    return {name: sum(map(cpu_seconds, roots)) for name, roots in trees.items()}


class Memory:
    """Peak memory of each tree, and of all together, over all samples."""

    def __init__(self) -> None:
        self.peak: dict[str, int] = {}
        self.peak_of_all = 0

    def sample(self, trees: Trees) -> None:
        """Take a sample."""
        now = {name: sum(map(pss_bytes, roots)) for name, roots in trees.items()}
        self.peak = {name: max(self.peak.get(name, 0), held) for name, held in now.items()}
        self.peak_of_all = max(self.peak_of_all, sum(now.values()))


@contextmanager
def sampled_memory(trees: Trees) -> Iterator[Memory]:
    """Sample memory while the block runs."""
    memory, stop = Memory(), threading.Event()

    def sample() -> None:
        while not stop.wait(_SAMPLE_EVERY):
            memory.sample(trees)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield memory
    finally:
        stop.set()
        thread.join()


def wal_position(servers: Servers) -> int:
    """Bytes of WAL written so far."""
    row = servers.superuser.execute("SELECT (pg_current_wal_lsn() - '0/0')::bigint").fetchone()
    assert row
    return int(row[0])


WATCH = "/* watch */"
"""Comment that starts each of the benchmark's own queries, to exclude them from the counts."""


@contextmanager
def counted_statements(servers: Servers) -> Iterator[dict[str, int]]:
    """Count the clients' transactions and statements (without BEGIN and COMMIT) while the block runs."""
    counts: dict[str, int] = {}
    servers.track_statements("top")
    servers.superuser.execute("SELECT pg_stat_statements_reset()")
    before = _transactions(servers)
    try:
        yield counts
    finally:
        time.sleep(_STATISTICS_LAG)
        row = servers.superuser.execute(_COUNT_STATEMENTS, [WATCH + "%"] * 2).fetchone()
        assert row
        counts.update(statements=int(row[0]), transactions=_transactions(servers) - before - int(row[1]))
        servers.track_statements("none")


_STATISTICS_LAG = 1.1
"""Seconds until a backend has reported its statistics."""

_COUNT_STATEMENTS = """
    SELECT coalesce(sum(calls) FILTER (WHERE query NOT LIKE %s AND query !~* '^(begin|commit)'), 0),
        coalesce(sum(calls) FILTER (WHERE query LIKE %s), 0)
    FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE datname LIKE 'bench\\_%%'"""
_COUNT_TRANSACTIONS = "SELECT sum(xact_commit) FROM pg_stat_database WHERE datname LIKE 'bench\\_%'"


def _transactions(servers: Servers) -> int:
    row = servers.superuser.execute(_COUNT_TRANSACTIONS).fetchone()
    assert row
    return int(row[0])


def messages_received(servers: Servers) -> int:
    """Messages that clients have published to RabbitMQ so far."""
    counters = servers.rabbitmq.ctl("eval", "rabbit_global_counters:overview().")
    return sum(map(int, re.findall(r"\bmessages_received_total\s*=>\s*(\d+)", counters)))


def commands_processed(servers: Servers) -> int:
    """Commands that Valkey has processed so far."""
    import redis  # noqa: PLC0415 - of an extra

    with redis.Redis.from_url(servers.valkey.url) as client:
        return int(client.info("stats")["total_commands_processed"])

"""What a run cost: CPU and memory of whole process trees from /proc, and what the servers count themselves."""

import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.stage import Stage
from ops.services.family import descendants

_TICKS = os.sysconf("SC_CLK_TCK")
_SAMPLE_EVERY = 1.0
"""Seconds. A look at what a dozen processes hold goes through all their pages, which is several milliseconds."""

Trees = Mapping[str, list[int]]
"""By name, the roots of the process trees that count under it."""


def cpu_seconds(root: int) -> float:
    """CPU time that the process and its descendants have used, those included that have ended."""
    return sum(_used(pid) for pid in (root, *descendants(root)))


def _used(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS  # utime, stime, and those of children that were waited for


def pss_bytes(root: int) -> int:
    """Memory of the tree, shared pages counted once."""
    return sum(_pss(pid) for pid in (root, *descendants(root)))


def _pss(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def cpu_by_name(trees: Trees) -> dict[str, float]:
    """CPU seconds so far, by name."""
    return {name: sum(map(cpu_seconds, roots)) for name, roots in trees.items()}


class Memory:
    """The most that each tree, and all together, held at any look."""

    def __init__(self) -> None:
        self.peak: dict[str, int] = {}
        self.peak_of_all = 0

    def look(self, trees: Trees) -> None:
        """Take a sample."""
        now = {name: sum(map(pss_bytes, roots)) for name, roots in trees.items()}
        self.peak = {name: max(self.peak.get(name, 0), held) for name, held in now.items()}
        self.peak_of_all = max(self.peak_of_all, sum(now.values()))


@contextmanager
def watched_memory(trees: Trees) -> Iterator[Memory]:
    """Samples memory while the block runs."""
    memory, stop = Memory(), threading.Event()

    def watch() -> None:
        while not stop.wait(_SAMPLE_EVERY):
            memory.look(trees)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield memory
    finally:
        stop.set()
        thread.join()


def wal_position(stage: Stage) -> int:
    """Bytes of WAL written so far."""
    row = stage.superuser.execute("SELECT (pg_current_wal_lsn() - '0/0')::bigint").fetchone()
    assert row
    return int(row[0])


WATCH = "/* watch */"
"""Begins every query by which the bench itself looks on, so that it is not counted."""


@contextmanager
def counted_statements(stage: Stage) -> Iterator[dict[str, int]]:
    """Counts statements (but BEGIN and COMMIT) and transactions of clients while the block runs."""
    counts: dict[str, int] = {}
    stage.track_statements("top")
    stage.superuser.execute("SELECT pg_stat_statements_reset()")
    before = _transactions(stage)
    try:
        yield counts
    finally:
        time.sleep(_STATISTICS_LAG)
        row = stage.superuser.execute(_STATEMENTS, [WATCH + "%"] * 2).fetchone()
        assert row
        counts.update(statements=int(row[0]), transactions=_transactions(stage) - before - int(row[1]))
        stage.track_statements("none")


_STATISTICS_LAG = 1.1
"""Seconds until a backend has told the statistics what it has done."""

_STATEMENTS = """
    SELECT coalesce(sum(calls) FILTER (WHERE query NOT LIKE %s AND query !~* '^(begin|commit)'), 0),
        coalesce(sum(calls) FILTER (WHERE query LIKE %s), 0)
    FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE datname LIKE 'bench\\_%%'"""
_TRANSACTIONS = "SELECT sum(xact_commit) FROM pg_stat_database WHERE datname LIKE 'bench\\_%'"


def _transactions(stage: Stage) -> int:
    row = stage.superuser.execute(_TRANSACTIONS).fetchone()
    assert row
    return int(row[0])


def messages_received(stage: Stage) -> int:
    """Messages that clients have published to RabbitMQ so far."""
    counters = stage.rabbitmq.ctl("eval", "rabbit_global_counters:overview().")
    return sum(map(int, re.findall(r"\bmessages_received_total\s*=>\s*(\d+)", counters)))


def commands_processed(stage: Stage) -> int:
    """Commands that Valkey has carried out so far."""
    import redis  # noqa: PLC0415 - of an extra

    with redis.Redis.from_url(stage.valkey.url) as client:
        return int(client.info("stats")["total_commands_processed"])

"""What processes count, for Prometheus: each its own, or together where several share PROMETHEUS_MULTIPROC_DIR.

A library reads that variable, so it is set before anything is imported that counts (see `ops/shared_metrics.py`).
"""

import fcntl
import hmac
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from kit.config import settings

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable with the directory in which processes count together, a file each for each type."""

_OF_ENDED = "ended"
"""Stands in the name of a file where others have the process's id."""


def may_read(authorization: str | None, *, peer: str | None) -> bool:
    """Whether this Authorization header, or this address of the caller, lets somebody read the metrics.

    They are about all companies. With ORDERX_METRICS_TOKEN set it takes `Bearer <token>`; without, loopback alone.
    """
    token = settings().metrics_token
    if token is None:
        return ip_address(peer).is_loopback if peer else False
    wanted = f"Bearer {token.get_secret_value()}"
    return hmac.compare_digest((authorization or "").encode(), wanted.encode())


def exposition() -> bytes:
    """The counts of this process, or of all that share its directory, in Prometheus's text format."""
    shared = os.environ.get(DIRECTORY)
    if not shared:
        return generate_latest()
    registry = CollectorRegistry()
    with ended_processes_merged(Path(shared)):
        registry.register(_Ours(shared))
        return generate_latest(registry)


class _Ours(Collector):
    """What OrderX counts: other libraries count in the same files (Flower does)."""

    def __init__(self, directory: str) -> None:
        self._files = MultiProcessCollector(None, directory)

    def collect(self) -> Iterator[Metric]:
        return (metric for metric in self._files.collect() if metric.name.startswith("orderx_"))


@contextmanager
def ended_processes_merged(directory: Path) -> Iterator[None]:
    """Hold the directory, in which the files of processes that have ended are one file for each type.

    Their counts stay, for a counter that falls is taken for a restart; their gauges go. Without this a file would stay
    for every process that ever ran.
    """
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended: defaultdict[str, list[Path]] = defaultdict(list)
        for file in directory.glob("*.db"):
            kind, _, process = file.stem.rpartition("_")
            if process != _OF_ENDED and not _runs(int(process)):
                ended[kind].append(file)
        for kind, files in ended.items():
            if not kind.startswith("gauge"):
                _merge(files, into=directory / f"{kind}_{_OF_ENDED}.db")
            for file in files:
                file.unlink()
        yield


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _merge(files: list[Path], *, into: Path) -> None:
    """Add up the counts, and replace the file whole: who is killed here leaves the old one."""
    totals: defaultdict[str, float] = defaultdict(float)
    for file in [*files, *([into] if into.exists() else [])]:
        for key, value, _timestamp, _position in MmapedDict.read_all_values_from_file(file):
            totals[key] += value
    new = into.with_suffix(".new")
    new.unlink(missing_ok=True)
    merged = MmapedDict(str(new))
    for key, value in totals.items():
        merged.write_value(key, value, 0.0)
    merged.close()
    new.replace(into)

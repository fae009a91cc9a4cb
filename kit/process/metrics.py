"""Prometheus metrics of one process, or of several that share PROMETHEUS_MULTIPROC_DIR.

prometheus_client reads that variable on import, so it is set before any module that defines metrics is imported (see
`ops/multiprocess_metrics.py`).
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
"""The environment variable with the directory of the shared metrics: one file per process and metric type."""

_ENDED = "ended"
"""Takes the place of the process id in the name of a file with the counts of ended processes."""


def may_read(authorization: str | None, *, peer: str | None) -> bool:
    """Whether a caller with this Authorization header and IP address may read the metrics, which cover all companies.

    With ORDERX_METRICS_TOKEN set, only `Bearer <token>` may; without it, only a loopback address.
    """
    token = settings().metrics_token
    if token is None:
        return ip_address(peer).is_loopback if peer else False
    expected = f"Bearer {token.get_secret_value()}"
    return hmac.compare_digest((authorization or "").encode(), expected.encode())


def exposition() -> bytes:
    """The metrics of this process, or of all that share its directory, in Prometheus's text format."""
    shared = os.environ.get(DIRECTORY)
    if not shared:
        return generate_latest()
    registry = CollectorRegistry()
    with merge_ended_processes(Path(shared)):
        registry.register(_OrderXMetrics(shared))
        return generate_latest(registry)


class _OrderXMetrics(Collector):
    """Only OrderX's metrics: libraries such as Flower write to the same files."""

    def __init__(self, directory: str) -> None:
        self._files = MultiProcessCollector(None, directory)

    def collect(self) -> Iterator[Metric]:
        return (metric for metric in self._files.collect() if metric.name.startswith("orderx_"))


@contextmanager
def merge_ended_processes(directory: Path) -> Iterator[None]:
    """Lock the directory, and merge the files of ended processes into one file per metric type.

    Their counts are kept, because Prometheus takes a falling counter for a restart. Their gauges are removed. Without
    merging, the files of every process that ever ran would pile up.
    """
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended: defaultdict[str, list[Path]] = defaultdict(list)
        for file in directory.glob("*.db"):
            kind, _, process = file.stem.rpartition("_")
            if process != _ENDED and not _is_running(int(process)):
                ended[kind].append(file)
        for kind, files in ended.items():
            if not kind.startswith("gauge"):
                _merge(files, into=directory / f"{kind}_{_ENDED}.db")
            for file in files:
                file.unlink()
        yield


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _merge(files: list[Path], *, into: Path) -> None:
    """Add up the counts and replace the file atomically: a process that is killed here leaves the old file."""
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

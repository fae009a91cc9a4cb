"""Who takes part. A peer whose package is missing takes part with the reason why it cannot."""

import importlib
from importlib.metadata import PackageNotFoundError, version

from bench.contestant import Contestant

CONTESTANTS = (
    "bench.peers.orderx:OrderxEngine",
    "bench.peers.dbos:DbosEngine",
    "bench.peers.celery_chord:CeleryChord",
    "bench.peers.celery_chain:CeleryChainEngine",
    "bench.peers.procrastinate:ProcrastinateEngine",
    "bench.peers.temporal_dev:TemporalDev",
    "bench.peers.pgbench:Pgbench",
    "bench.peers.pgbench:PgbenchOneTransaction",
    "bench.peers.orderx:OrderxFull",
    "bench.peers.dbos_full:DbosFull",
    "bench.peers.celery_chain:CeleryChainFull",
    "bench.peers.http_floor:EmptyRoute",
    "bench.peers.http_floor:OneInsert",
    "bench.peers.orderx:OrderxPlacing",
)


def contestants(only: str = "") -> tuple[list[type[Contestant]], dict[str, str]]:
    """Those that can be imported, in the order of play, and why others cannot; `only` is a part of `workload.name`."""
    kinds: list[type[Contestant]] = []
    missing: dict[str, str] = {}
    for where in CONTESTANTS:
        module, _, name = where.partition(":")
        try:
            kinds.append(getattr(importlib.import_module(module), name))
        except ImportError as error:
            missing[where] = str(error)
    return [kind for kind in kinds if only in f"{kind.workload}.{kind.name}"], missing


def versions(kinds: list[type[Contestant]]) -> dict[str, str]:
    """What was measured: each contestant's distributions with their versions."""
    names = {name for kind in kinds for name in kind.versions_of}
    return {name: _version(name) for name in sorted(names)}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"

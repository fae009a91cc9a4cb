"""Statistics of measurements: percentiles, medians over rounds, ratios."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

Figures = dict[str, Any]

PERCENTILES = (50, 95, 99)

RATIOS = {
    "engine_vs_dbos": ("engine", "orderx", "engine", "dbos"),
    "engine_vs_celery_chord": ("engine", "orderx", "engine", "celery_chord"),
    "engine_vs_celery_chain": ("engine", "orderx", "engine", "celery_chain"),
    "engine_vs_procrastinate": ("engine", "orderx", "engine", "procrastinate"),
    "engine_vs_temporal_dev": ("engine", "orderx", "engine", "temporal_dev"),
    "engine_vs_pgbench": ("engine", "orderx", "engine", "pgbench"),
    "full_vs_dbos": ("full", "orderx", "full", "dbos"),
    "full_vs_celery_chain": ("full", "orderx", "full", "celery_chain"),
    "placing_vs_one_insert": ("http", "orderx_placing", "http", "one_insert"),
}
"""Ratios of throughput: (workload, participant) of the numerator and of the denominator."""


CPU_RATIOS = {name: RATIOS[name] for name in ("engine_vs_dbos", "engine_vs_celery_chord", "engine_vs_celery_chain",
              "engine_vs_pgbench", "full_vs_dbos", "full_vs_celery_chain")}  # fmt: skip
"""Ratios of CPU per order, theirs over ours; less sensitive to other load on the machine."""


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that is not exceeded by `percent` of the values (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(len(ranked) * percent / 100) - 1)]


def latencies(seconds: Sequence[float]) -> Figures:
    """p50, p95 and p99 in milliseconds."""
    return {f"p{percent}_ms": round(percentile(seconds, percent) * 1000, 2) for percent in PERCENTILES if seconds}


def median_of(rounds: Sequence[Figures]) -> Figures:
    """The median of each number over the rounds, recursively; for other values, the last round's."""
    merged: Figures = {}
    for name in {name: None for each in rounds for name in each}:
        values = [each[name] for each in rounds if name in each]
        if all(isinstance(value, Mapping) for value in values):
            merged[name] = median_of(values)
        elif all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            merged[name] = round(statistics.median(values), 3)
        else:
            merged[name] = values[-1]
    return merged


def ratios(results: Mapping[str, Any]) -> dict[str, float]:
    """All RATIOS for which both rates were measured."""
    pairs = {name: _pair(results, name, "per_s") for name in RATIOS}
    return {name: round(ours / theirs, 3) for name, (ours, theirs) in pairs.items() if ours and theirs}


def cpu_ratios(results: Mapping[str, Any]) -> dict[str, float]:
    """All CPU_RATIOS for which both costs were measured: their CPU per order over ours."""
    pairs = {name: _pair(results, name, "cpu_ms_per_order") for name in CPU_RATIOS}
    return {name: round(theirs / ours, 3) for name, (ours, theirs) in pairs.items() if ours and theirs}


def _pair(results: Mapping[str, Any], name: str, figure: str) -> tuple[float | None, float | None]:
    workload, ours, base, theirs = RATIOS[name]
    above, below = results.get(workload, {}).get(ours, {}), results.get(base, {}).get(theirs, {})
    return above.get(figure), below.get(figure)

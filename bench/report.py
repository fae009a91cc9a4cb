"""Report the result of a benchmark: tables on the console, JSON in a file."""

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.figures import Figures, cpu_ratios, ratios

RESULTS = Path(__file__).parent / "results" / "latest.json"

_COLUMNS = {
    "per_s": "orders/s",
    "finished_per_s": "finished/s",
    "p50_ms": "p50 ms",
    "p95_ms": "p95 ms",
    "p99_ms": "p99 ms",
    "cpu_ms_per_order": "CPU ms",
    "memory_mb": "memory MB",
    "messages_per_order": "messages",
    "statements_per_order": "SQL",
    "transactions_per_order": "commits",
    "wal_bytes_per_order": "WAL bytes",
}
_TITLES = {
    "engine": "engine: from commit to paid, without external calls",
    "full": "full: from POST to paid, over HTTP, with calls to the sandbox gateway (SDK) and SMTP",
    "http": "http: requests a second under the same gunicorn, one process",
}


def machine() -> dict[str, Any]:
    """Describe the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processors": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory / 1e9, 1),
        "system": platform.platform(),
        "load_before": os.getloadavg()[0],
    }


def build_result(
    figures_by_name: Mapping[str, Figures], *, versions: Mapping[str, str], **about: Any
) -> dict[str, Any]:
    """Build the whole result from figures by `workload.name`: versions, workloads, ratios, and `about`."""
    workloads: dict[str, dict[str, Figures]] = {name: {} for name in _TITLES}
    for called, figures in figures_by_name.items():
        workload, _, name = called.partition(".")
        workloads[workload][name] = figures
    return {
        "versions": dict(versions),
        **workloads,
        "ratios": ratios(workloads),
        "cpu_ratios": cpu_ratios(workloads),
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **about,
    }


def write(result: Mapping[str, Any], path: Path = RESULTS) -> None:
    """Write the result to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")


def show(result: Mapping[str, Any], console: Console) -> None:
    """Print a table per workload, the participants that could not run, the ratios and the other figures."""
    for workload, title in _TITLES.items():
        ran = {name: figures for name, figures in result[workload].items() if "error" not in figures}
        if ran:
            console.print(_table(title, ran))
        for name in result[workload].keys() - ran.keys():
            console.print(f"{workload} {name} could not run: {result[workload][name]['error']}", markup=False)
    console.print("Latencies at half of each participant's peak, at a fixed rate.")
    console.print("CPU without the load generator and the simulated external services.")
    for name, ratio in result["ratios"].items():
        by_cpu = result["cpu_ratios"].get(name)
        console.print(f"  {name}: {ratio:g}" + (f" (by CPU per order: {by_cpu:g})" if by_cpu else ""))
    for name in ("prefer_wait", "idle"):
        if name in result:
            figures = {key: value for key, value in result[name].items() if not key.endswith("by_process")}
            console.print(f"  {name}: {figures}")


def _table(title: str, participants: Mapping[str, Any]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for column in _COLUMNS.values():
        table.add_column(column, justify="right")
    for name, figures in participants.items():
        table.add_row(name, *(_cell(figures.get(key)) for key in _COLUMNS))
    return table


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"  # noqa: PLR2004 - three figures say enough

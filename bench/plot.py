"""Draw the picture for the docs: orders a second and CPU per order of each participant."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.report import RESULTS

PICTURE = Path(__file__).parents[1] / "docs" / "performance.svg"
_OURS, _THEIRS, _CEILING = "#c2410c", "#475569", "#94a3b8"
_PANELS = (
    ("engine", "per_s", "engine: orders/s (commit to paid)"),
    ("full", "per_s", "full: orders/s (POST to paid)"),
    ("engine", "cpu_ms_per_order", "engine: CPU ms per order"),
    ("full", "cpu_ms_per_order", "full: CPU ms per order"),
)


def draw(result: Mapping[str, Any], path: Path = PICTURE) -> None:
    """Draw the result as SVG."""
    import matplotlib as mpl  # noqa: PLC0415 - of the extra `bench`

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "orderx"  # the same figures make the same file
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(2, 2, figsize=(11, 6), layout="constrained")
    for axis, (workload, key, title) in zip(axes.flat, _PANELS, strict=True):
        rows = [(name, figures[key]) for name, figures in result[workload].items() if key in figures]
        rows.sort(key=lambda row: row[1], reverse=key != "per_s")
        bars = axis.barh([name for name, _ in rows], [value for _, value in rows], color=[_colour(n) for n, _ in rows])
        axis.bar_label(bars, fmt="%.4g", padding=3)
        axis.set_title(title, loc="left", fontsize=10)
        axis.spines[["top", "right"]].set_visible(False)
        axis.margins(x=0.12)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _colour(name: str) -> str:
    if name == "orderx":
        return _OURS
    return _CEILING if name.startswith("pgbench") else _THEIRS


if __name__ == "__main__":
    draw(json.loads((Path(sys.argv[1]) if sys.argv[1:] else RESULTS).read_text()))

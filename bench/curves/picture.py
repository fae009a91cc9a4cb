"""Draw a curve as SVG."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"

_TITLES = {
    "per_s": "orders/s", "p50_ms": "p50, ms", "p99_ms": "p99, ms", "cpu_ms_per_order": "CPU ms per order",
    "offered_per_s": "offered orders/s", "workers": "order workers", "lines": "lines per order",
    "stored": "orders stored", "buyers": "buyers", "paid": "paid", "failed": "failed: out of stock",
    "refused_at_once": "refused at once",
}  # fmt: skip


def draw(curve: Mapping[str, Any], path: Path) -> None:
    """Draw a panel for each of `y` with a line for each series; or, for a curve of one point, a bar for each of `y`."""
    import matplotlib as mpl  # noqa: PLC0415 - of the extra `bench`

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "orderx"  # the same figures make the same file
    from matplotlib import pyplot as plt  # noqa: PLC0415

    only_one = len(curve["points"]) == 1
    panels = 1 if only_one else len(curve["y"])
    width = 7 if only_one else 4 * panels
    figure, axes = plt.subplots(1, panels, figsize=(width, 3.2), layout="constrained", squeeze=False)
    if only_one:
        _bars(axes.flat[0], curve)
    else:
        _lines(axes.flat, curve)
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
    figure.suptitle(curve["title"])
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _bars(axis: Any, curve: Mapping[str, Any]) -> None:
    [point] = curve["points"]
    bars = axis.barh([_TITLES[name] for name in curve["y"]], [point[name] for name in curve["y"]])
    axis.bar_label(bars, padding=3)
    axis.invert_yaxis()
    axis.set_xlabel(f"of {point[curve['x']]} {_TITLES[curve['x']]}")


def _lines(axes: Iterable[Any], curve: Mapping[str, Any]) -> None:
    series = {point.get("series", "engine"): None for point in curve["points"]}
    for axis, name in zip(axes, curve["y"], strict=True):
        for each in series:
            points = [point for point in curve["points"] if point.get("series", "engine") == each]
            axis.plot([p[curve["x"]] for p in points], [p[name] for p in points], marker="o", markersize=3, label=each)
        axis.set(xlabel=_TITLES[curve["x"]], title=_TITLES[name])
        if curve.get("log"):
            axis.set_xscale("log")
        else:
            axis.locator_params(axis="x", integer=True)
        axis.set_ylim(bottom=0)
        axis.legend(frameon=False)

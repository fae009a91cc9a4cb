"""A curve as a picture."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"


def draw(curve: Mapping[str, Any], path: Path) -> None:
    """A panel for each of `y`, a line for each series."""
    import matplotlib as mpl  # noqa: PLC0415 - of the extra `bench`

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "orderx"  # the same figures make the same file
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(
        1, len(curve["y"]), figsize=(4 * len(curve["y"]), 3.2), layout="constrained", squeeze=False
    )
    series = {point.get("series", "engine"): None for point in curve["points"]}
    for axis, name in zip(axes.flat, curve["y"], strict=True):
        for each in series:
            points = [point for point in curve["points"] if point.get("series", "engine") == each]
            axis.plot([p[curve["x"]] for p in points], [p[name] for p in points], marker="o", markersize=3, label=each)
        axis.set(xlabel=curve["x"], title=name, xscale="log" if curve.get("log") else "linear")
        axis.set_ylim(bottom=0)
        axis.spines[["top", "right"]].set_visible(False)
    axes.flat[0].legend(frameon=False)
    figure.suptitle(curve["title"])
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)

"""One curve: `python -m bench.curves load | workers | stored | lines | flash`.

    load      engine and full, orders coming on the clock at shares of the peak, and beyond it
    workers   engine, one to four order workers
    stored    engine, with 10,000 to 1,000,000 finished orders in the database (--most 5000000 for more)
    lines     engine, one to a hundred lines an order
    flash     engine, 10,000 buyers of 1,000 units of one product

Each prints its points, and keeps them in bench/results/<curve>.json and as a picture in docs/.
"""

import argparse
import json
from pathlib import Path

from rich.console import Console

from bench import report
from bench.curves import flash, lines, load, picture, stored, workers
from bench.curves.point import Curve
from bench.stage import Stage
from ops.services import directories
from ops.services.supervisor import interruptible

RESULTS = Path(__file__).parents[1] / "results"
CURVES = {"load": load.curve, "workers": workers.curve, "lines": lines.curve, "flash": flash.curve}


def main() -> None:
    """Draw the curve that is asked for."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("curve", choices=[*CURVES, "stored"])
    options.add_argument("--seconds", type=float, default=8, help="of each point")
    options.add_argument("--most", type=int, default=1_000_000, help="stored orders")
    given = options.parse_args()
    console = Console(highlight=False)
    with interruptible(), directories.temporary("orderx-bench-") as home, Stage(home).open() as stage:
        if given.curve == "stored":
            found = stored.curve(stage, console.out, seconds=given.seconds, most=given.most)
        else:
            found = CURVES[given.curve](stage, console.out, seconds=given.seconds)
        _keep(given.curve, found, stage)


def _keep(name: str, curve: Curve, stage: Stage) -> None:
    kept = {"machine": report.machine(), "versions": stage.versions(), **curve}
    report.write(kept, RESULTS / f"{name}.json")
    picture.draw(kept, picture.DOCS / f"performance-{name}.svg")
    print(json.dumps(curve, indent=1))


if __name__ == "__main__":
    main()

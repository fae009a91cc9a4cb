"""One curve: `python -m bench.curves load | workers | stored | lines | flash`.

    load      engine and full, at fixed rates below and above the peak
    workers   engine, one to four order workers
    stored    engine, with 10,000 to 1,000,000 finished orders in the database (--most 5000000 for more)
    lines     engine, 1 to 100 lines per order
    flash     engine, 10,000 buyers of 1,000 units of one product

Each prints its points, and writes them to bench/results/<curve>.json and as a picture to docs/.
"""

import argparse
import json
from pathlib import Path

from rich.console import Console

from bench import report
from bench.curves import flash, lines, load, picture, stored, workers
from bench.curves.run import CurveData
from bench.servers import Servers
from ops.services import directories
from ops.services.supervisor import interruptible

RESULTS = Path(__file__).parents[1] / "results"
CURVES = {"load": load.measure, "workers": workers.measure, "lines": lines.measure, "flash": flash.measure}


def main() -> None:
    """Measure and draw one curve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("curve", choices=[*CURVES, "stored"])
    parser.add_argument("--seconds", type=float, default=8, help="of each point")
    parser.add_argument("--most", type=int, default=1_000_000, help="stored orders")
    options = parser.parse_args()
    console = Console(highlight=False)
    with interruptible(), directories.temporary("orderx-bench-") as home, Servers(home).running() as servers:
        if options.curve == "stored":
            found = stored.measure(servers, console.out, seconds=options.seconds, most=options.most)
        else:
            found = CURVES[options.curve](servers, console.out, seconds=options.seconds)
        _write(options.curve, found, servers)


def _write(name: str, curve: CurveData, servers: Servers) -> None:
    kept = {"machine": report.machine(), "versions": servers.versions(), **curve}
    report.write(kept, RESULTS / f"{name}.json")
    picture.draw(kept, picture.DOCS / f"performance-{name}.svg")
    print(json.dumps(curve, indent=1))


if __name__ == "__main__":
    main()

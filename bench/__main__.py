"""The benchmark: OrderX beside its peers, on the same machine in the same minutes.

python -m bench                      three rounds, each contestant's best setting looked for first
python -m bench --quick              one short round with the settings found best before
python -m bench --only engine.dbos   only contestants whose workload and name contain this; nothing is kept
"""

import argparse
import time
from typing import Any

from rich.console import Console

from bench import plot, report
from bench.contestants import contestants, versions
from bench.extras import extras
from bench.rounds import played, tuned, untuned
from bench.stage import Stage
from bench.trial import Length
from ops.services import directories
from ops.services.supervisor import interruptible

WIDTH = 150
"""Columns that the tables take."""

QUICK, THOROUGH = Length(warm_up=1, peak=3, half=2), Length(warm_up=2, peak=8, half=8)


def main() -> None:
    """Run it, print the tables, and keep the result and its picture."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="coarser, in less than four minutes")
    options.add_argument("--only", default="", help="a part of workload.name")
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    console, begun = Console(highlight=False, width=WIDTH), time.monotonic()
    with interruptible(), directories.temporary("orderx-bench-") as home:
        result = measure(Stage(home), console, quick=given.quick, only=given.only, rounds=given.rounds)
    result["seconds"] = round(time.monotonic() - begun)
    report.show(result, console)
    if not given.only:
        report.write(result)
        plot.draw(result)
        console.print(f"Kept in {report.RESULTS} and {plot.PICTURE}, after {result['seconds']} seconds.")


def measure(stage: Stage, console: Console, *, quick: bool, only: str, rounds: int) -> dict[str, Any]:
    """Play all rounds on a stage."""
    machine = report.machine()
    kinds, missing = contestants(only)
    with stage.open():
        console.print(f"The servers run; {len(kinds)} contestants.")
        chosen = untuned(kinds) if quick else tuned(stage, kinds, console.print)
        length = QUICK if quick else THOROUGH
        figures = played(stage, kinds, chosen, rounds=1 if quick else rounds, length=length, tell=console.print)
        figures |= {called: {"error": reason} for called, reason in missing.items()}
        more = {} if only else extras(stage, seconds=4 if quick else 20)
        about = {"machine": machine, "quick": quick, **more}
        return report.shaped(figures, versions=versions() | stage.versions(), **about)


if __name__ == "__main__":
    main()

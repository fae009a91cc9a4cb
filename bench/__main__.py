"""The benchmark: OrderX and its peers, on the same machine in the same minutes.

python -m bench                      three rounds, after a search for each participant's best setting
python -m bench --quick              one short round with the best settings of earlier runs
python -m bench --only engine.dbos   only participants whose `workload.name` contains this; writes no files
"""

import argparse
import time
from typing import Any

from rich.console import Console

from bench import plot, report
from bench.participants import participants, versions
from bench.rounds import best_settings, first_settings, run_rounds
from bench.servers import Servers
from bench.trial import Length
from bench.wait_and_idle import wait_and_idle
from ops.services import directories
from ops.services.supervisor import interruptible

WIDTH = 150
"""Width of the tables in columns."""

QUICK, THOROUGH = Length(warm_up=1, peak=3, half=2), Length(warm_up=2, peak=8, half=8)


def main() -> None:
    """Run the benchmark, print the tables, and write the result and its picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="less precise, in under four minutes")
    parser.add_argument("--only", default="", help="a part of workload.name")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    console, begun = Console(highlight=False, width=WIDTH), time.monotonic()
    with interruptible(), directories.temporary("orderx-bench-") as home:
        result = measure(Servers(home), console, quick=options.quick, only=options.only, rounds=options.rounds)
    result["seconds"] = round(time.monotonic() - begun)
    report.show(result, console)
    if not options.only:
        report.write(result)
        plot.draw(result)
        console.print(f"Written to {report.RESULTS} and {plot.PICTURE}, after {result['seconds']} seconds.")


def measure(servers: Servers, console: Console, *, quick: bool, only: str, rounds: int) -> dict[str, Any]:
    """Run all rounds."""
    machine = report.machine()
    kinds, missing = participants(only)
    with servers.running():
        console.print(f"The servers are running; {len(kinds)} participants.")
        chosen = first_settings(kinds) if quick else best_settings(servers, kinds, console.print)
        length = QUICK if quick else THOROUGH
        figures = run_rounds(servers, kinds, chosen, rounds=1 if quick else rounds, length=length, log=console.print)
        figures |= {called: {"error": reason} for called, reason in missing.items()}
        more = {} if only else wait_and_idle(servers, seconds=4 if quick else 20)
        about = {"machine": machine, "quick": quick, **more}
        return report.build_result(figures, versions=versions() | servers.versions(), **about)


if __name__ == "__main__":
    main()

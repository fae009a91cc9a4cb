"""`orderx chaos`: fault injection into a temporary stack under load."""

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.markup import escape

from kit.errors import Invalid
from ops.chaos import recovery
from ops.chaos.plan import TARGETS, PlannedFault, plan
from ops.chaos.run import Outcome, run
from ops.chaos.scenarios import scenarios
from ops.chaos.stack import ChaosStack
from ops.commands.output import console, mark, print_json, print_line, table
from ops.commands.progress import startup_progress
from ops.services import directories
from ops.services.supervisor import STOP_SECONDS, interruptible

INTERRUPTED = 130
ORDERS_PER_WAIT = 5
"""Orders for each example saga that waits for a signal."""


def chaos(*, orders: int, kills: int, seed: int, rate: float, targets: list[str]) -> bool:
    """Run it and print the results, JSON last. Return whether there were no violations.

    Raises Invalid for an unknown target.
    """
    duration = orders / rate
    planned = plan(seed=seed, kills=kills, targets=_require_known(targets), duration=duration)
    waits = {"seed": seed, "waiting_sagas": orders // ORDERS_PER_WAIT, "seconds": duration}
    try:
        with interruptible(), _stack(**waits) as (stack, keep):
            customers = scenarios(seed=seed, orders=orders)
            outcome = run(stack, scenarios=customers, plan=planned, rate=rate, console=console)
            if not outcome.is_clean:
                keep()
    except KeyboardInterrupt:
        console.print("Stopped.")
        sys.exit(INTERRUPTED)
    _print(outcome)
    print_json(_figures(outcome, seed=seed, orders=orders, planned=planned))
    return outcome.is_clean


def _require_known(targets: list[str]) -> list[str]:
    names = [name.strip() for name in targets]
    unknown = [name for name in names if name not in TARGETS]
    if unknown:
        raise Invalid(f"unknown target {unknown[0]}; targets are {', '.join(TARGETS)}")
    return names or list(TARGETS)


@contextmanager
def _stack(**waits: Any) -> Iterator[tuple[ChaosStack, Any]]:
    """A started stack, and a function that keeps its directory. An exception keeps it, too."""
    home = Path(tempfile.mkdtemp(prefix="orderx-chaos-"))
    kept = False

    def keep() -> None:
        nonlocal kept
        kept = True

    try:
        stack = ChaosStack(directories.make(home), **waits)
        try:
            with startup_progress(stack):
                stack.start()
            yield stack, keep
        except Exception:
            keep()
            raise
        finally:
            stack.stop(within=STOP_SECONDS)
    finally:
        if kept:
            console.print(f"Logs and data are kept in {home}", soft_wrap=True)
        else:
            shutil.rmtree(home, ignore_errors=True)


def _print(outcome: Outcome) -> None:
    rows = [
        (target, kind, str(times), str(affected), f"{slowest:.1f}", f"{median:.1f}")
        for target, kind, times, affected, slowest, median in recovery.by_target(outcome.recoveries)
    ]
    table("recovery, in seconds", ("target", "fault", "times", "affected orders", "slowest", "median"), rows)
    slowest = _slowest(outcome)
    if slowest and slowest.affected_orders:
        text = f"The slowest recovery was after: {slowest.fault.planned}, {slowest.fault.planned.at:g} s into the run."
        console.print(text, highlight=False)
    for rule, found in outcome.broken.items():
        console.print(mark(good=False), escape(rule), highlight=False)
        for row in found:
            print_line(f"    {row}")


def _figures(outcome: Outcome, *, seed: int, orders: int, planned: list[PlannedFault]) -> dict[str, Any]:
    slowest = _slowest(outcome)
    return {
        "seed": seed,
        "orders": orders,
        **outcome.counts,
        "kills": dict(Counter(each.target for each in planned)),
        "broken_rules": len(outcome.broken),
        "slowest_recovery_s": slowest.seconds if slowest else 0.0,
    }


def _slowest(outcome: Outcome) -> recovery.Recovery | None:
    # Of several faults that affected the same order, the one that ended last most likely delayed it.
    return max(outcome.recoveries, key=lambda each: (each.seconds, each.fault.recovered_at), default=None)

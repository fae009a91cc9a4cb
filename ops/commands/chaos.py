"""`orderx chaos`: a stack of its own under load, disturbed, and judged."""

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
from ops.chaos.plan import TARGETS, Disturbance, plan
from ops.chaos.run import Outcome, run
from ops.chaos.stack import ChaosStack
from ops.chaos.wishes import wishes
from ops.commands.output import console, mark, print_json, say, table
from ops.commands.progress import shown_while_starting
from ops.services import directories
from ops.services.supervisor import STOP_SECONDS, interruptible

INTERRUPTED = 130


def chaos(*, orders: int, kills: int, seed: int, rate: float, targets: list[str]) -> bool:
    """Run it and print what came of it, JSON last; whether nothing happened that must not.

    Raises Invalid for a target there is not.
    """
    planned = plan(seed=seed, kills=kills, targets=_known(targets), duration=orders / rate)
    try:
        with interruptible(), _stack() as (stack, keep):
            outcome = run(stack, wishes=wishes(seed=seed, orders=orders), plan=planned, rate=rate, console=console)
            if not outcome.clean:
                keep()
    except KeyboardInterrupt:
        console.print("Stopped.")
        sys.exit(INTERRUPTED)
    _print(outcome)
    print_json(_figures(outcome, seed=seed, orders=orders, planned=planned))
    return outcome.clean


def _known(targets: list[str]) -> list[str]:
    named = [name.strip() for name in targets]
    unknown = [name for name in named if name not in TARGETS]
    if unknown:
        raise Invalid(f"no target is called {unknown[0]}; there are {', '.join(TARGETS)}")
    return named or list(TARGETS)


@contextmanager
def _stack() -> Iterator[tuple[ChaosStack, Any]]:
    """A started stack, and how to have its directory kept; it is kept, too, when the run itself breaks down."""
    home = Path(tempfile.mkdtemp(prefix="orderx-chaos-"))
    kept = False

    def keep() -> None:
        nonlocal kept
        kept = True

    try:
        stack = ChaosStack(directories.make(home))
        try:
            with shown_while_starting(stack):
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
        (target, deed, str(times), str(caught), f"{slowest:.1f}", f"{median:.1f}")
        for target, deed, times, caught, slowest, median in recovery.by_target(outcome.recoveries)
    ]
    table("recovery, in seconds", ("target", "deed", "times", "orders caught", "slowest", "median"), rows)
    slowest = _slowest(outcome)
    if slowest and slowest.caught:
        said = f"The slowest came after: {slowest.done.what}, {slowest.done.what.at:g} s into the run."
        console.print(said, highlight=False)
    for rule, found in outcome.broken.items():
        console.print(mark(good=False), escape(rule), highlight=False)
        for row in found:
            say(f"    {row}")


def _figures(outcome: Outcome, *, seed: int, orders: int, planned: list[Disturbance]) -> dict[str, Any]:
    slowest = _slowest(outcome)
    return {
        "seed": seed,
        "orders": orders,
        **outcome.counts,
        "kills": dict(Counter(what.target for what in planned)),
        "broken_rules": len(outcome.broken),
        "slowest_recovery_s": slowest.seconds if slowest else 0.0,
    }


def _slowest(outcome: Outcome) -> recovery.Recovery | None:
    # Of several that waited for the same order, the one that was back last is most likely what it waited for.
    return max(outcome.recoveries, key=lambda each: (each.seconds, each.done.back), default=None)

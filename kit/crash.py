"""Crash points: each window between two durable effects has a name, at which a test can have the process killed.

With ORDERX_CRASH_DIR set, a process that comes by a point takes away the file of the point's name there, if there is
one, and gets the signal that the file names: SIGKILL, and nothing is flushed, closed or rolled back by its own hand; or
SIGSTOP, and it stands still until somebody has it go on. One file, one blow. Without the variable a point does nothing
at all. tests/stack/test_crash_points.py kills at every one of them.
"""

import os
import signal
from contextlib import suppress
from pathlib import Path

_DIRECTORY = os.environ.get("ORDERX_CRASH_DIR")


def name(window: str, of: str = "") -> str:
    """A point's name: its window, and which of several things passes through it (`step.called`, `void_payment`)."""
    return f"{window}:{of}" if of else window


def point(window: str, of: str = "") -> None:
    """Between two durable effects: die here, or stand still, if a test has asked for it."""
    if _DIRECTORY:
        _suffer_if_asked(Path(_DIRECTORY) / name(window, of))


def _suffer_if_asked(order: Path) -> None:
    with suppress(FileNotFoundError):
        blow = signal.Signals[order.read_text()]
        order.unlink()  # of two who come by at once only one gets past this
        os.kill(os.getpid(), blow)

"""Crash points: each window between two durable effects has a name, at which a test can have the process killed.

With ORDERX_CRASH_DIR set, a process that comes by a point takes away the file of the point's name there, if there is
one, and dies of SIGKILL: nothing is flushed, closed or rolled back by its own hand. One file, one death. Without the
variable a point does nothing at all. tests/stack/test_crash_points.py kills at every one of them.
"""

import os
import signal
from contextlib import suppress
from pathlib import Path

_DIRECTORY = os.environ.get("ORDERX_CRASH_DIR")


def name(window: str, of: str = "") -> str:
    """A point's name: its window, and which of several things passes through it (`step.called`, `void_payment`)."""
    return f"{window}:{of}" if of else window


def _pass(window: str, of: str = "") -> None:
    pass


def _die_if_asked(window: str, of: str = "") -> None:
    assert _DIRECTORY is not None
    with suppress(FileNotFoundError):
        (Path(_DIRECTORY) / name(window, of)).unlink()
        os.kill(os.getpid(), signal.SIGKILL)


point = _die_if_asked if _DIRECTORY else _pass
"""Between two durable effects: die here, if a test has asked for it."""

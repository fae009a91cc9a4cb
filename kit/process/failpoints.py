"""Failpoints: named places between two durable effects, where a test can kill or stop the process.

With ORDERX_FAILPOINTS_DIR set, a process that reaches a failpoint looks for a file of its name in that directory. If
there is one, the process deletes it and sends itself the signal that the file names: SIGKILL or SIGSTOP. Each file
works once. Without the variable a failpoint does nothing. tests/stack/test_failpoints.py kills a process at each.
"""

import os
import signal
from contextlib import suppress
from pathlib import Path

_DIRECTORY = os.environ.get("ORDERX_FAILPOINTS_DIR")


def name(point: str, variant: str = "") -> str:
    """The full name of a failpoint: `step.called:void_payment`, where the point is shared by several steps."""
    return f"{point}:{variant}" if variant else point


def hit(point: str, variant: str = "") -> None:
    """Kill or stop this process here, if a test has armed the failpoint."""
    if _DIRECTORY:
        _trigger_if_armed(Path(_DIRECTORY) / name(point, variant))


def _trigger_if_armed(armed: Path) -> None:
    with suppress(FileNotFoundError):
        number = signal.Signals[armed.read_text()]
        armed.unlink()  # of two processes that get here at once, only one passes this line
        os.kill(os.getpid(), number)

"""Child processes of tests, and process states from /proc."""

import os
import signal
import sys
from pathlib import Path


def python_command(program: str, *arguments: str) -> list[str]:
    """The command that runs a program in Python, which gets SIGTERM when the tests end, even if they are killed."""
    bound = (
        f"from ops.services.parent_death import die_with_parent; die_with_parent({signal.SIGTERM:d}, {os.getpid()});"
    )
    return [sys.executable, "-c", bound + program, *arguments]


def state_of(pid: int | None) -> str:
    """One letter, proc(5): T is stopped, Z is a zombie."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]

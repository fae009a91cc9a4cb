"""Ends of processes that Linux gave to this one because their parents are gone (PR_SET_CHILD_SUBREAPER)."""

import os
from contextlib import suppress

from ops.services.family import children
from ops.services.process import Process


def reap() -> None:
    """Collect the exit code of every child that has ended and that no Process has started.

    Not by waitpid(-1), which would take the exit codes of those from them.
    """
    for pid in set(children(os.getpid())) - Process.launched_pids():
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)

"""Reaps orphaned descendants that Linux reassigned to this process (PR_SET_CHILD_SUBREAPER)."""

import os
from contextlib import suppress

from ops.services.process import Process
from ops.services.process_tree import children


def reap() -> None:
    """Collect the exit code of every ended child that no Process has started.

    waitpid(-1) would also take the exit codes that the Process objects need.
    """
    for pid in set(children(os.getpid())) - Process.launched_pids():
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)

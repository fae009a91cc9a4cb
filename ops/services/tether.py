"""Runs a command that ends when its parent does; a file of its own because `preexec_fn` is unsafe beside threads.

Usage: tether.py ORPHAN_SIGNAL PARENT_PID UID GID COMMAND...   (UID and GID -1: stay who you are)
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main(numbers: list[str], command: list[str]) -> None:
    """Become the command, as the given user, with the signal promised for the parent's death."""
    orphan_signal, parent, uid, gid = map(int, numbers)
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    tie(orphan_signal, parent)  # after the change of user, which would clear it
    os.execvp(command[0], command)  # noqa: S606 - becoming the command is the point


def tie(orphan_signal: int, parent: int) -> None:
    """Have the signal sent to this process when its parent dies; exit when that has happened already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, orphan_signal)
    if os.getppid() != parent:
        sys.exit("the process that wanted this started is gone")


if __name__ == "__main__":
    main(sys.argv[1:5], sys.argv[5:])

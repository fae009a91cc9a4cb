"""Runs a command that gets a signal when its parent dies. A separate program: `preexec_fn` is unsafe with threads.

Usage: parent_death.py SIGNAL PARENT_PID UID GID COMMAND...   (UID and GID -1: keep the user)
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main(numbers: list[str], command: list[str]) -> None:
    """Switch to the user, request the signal for the parent's death, and exec the command."""
    signal_number, parent, uid, gid = map(int, numbers)
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    die_with_parent(signal_number, parent)  # after the change of user, which would clear it
    os.execvp(command[0], command)  # noqa: S606 - exec is the purpose


def die_with_parent(signal_number: int, parent: int) -> None:
    """Request a signal for this process when its parent dies; exits if the parent is already dead."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent:
        sys.exit("the parent process has ended")


if __name__ == "__main__":
    main(sys.argv[1:5], sys.argv[5:])

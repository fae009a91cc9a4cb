"""CPU priorities of processes (nice values)."""

import os
import time
from contextlib import suppress
from pathlib import Path

_TRIES, _TRY_EVERY = 20, 0.1
"""Without root, Linux allows one change of an autogroup every 0.1 s and refuses more with EAGAIN."""


def lower_priority(pid: int, nice: int) -> None:
    """Set the nice value of a session leader and of its session's autogroup. Does nothing if the process has ended.

    With autogroups, a nice value of a process counts only within its session; between sessions the autogroup's
    nice value counts (sched(7), "The autogroup feature").
    """
    session = Path(f"/proc/{pid}/autogroup")
    with suppress(ProcessLookupError, FileNotFoundError):
        os.setpriority(os.PRIO_PROCESS, pid, nice)
        for _ in range(_TRIES):
            try:
                session.write_text(str(nice))
            except BlockingIOError:
                time.sleep(_TRY_EVERY)
            else:
                return

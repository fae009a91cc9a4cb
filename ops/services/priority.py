"""Which processes go first where there are not processors enough for all."""

import os
import time
from contextlib import suppress
from pathlib import Path

_TRIES, _TRY_EVERY = 20, 0.1
"""Linux takes one change a tenth of a second from whoever is not root, and turns the others away for now."""


def give_way(pid: int, nice: int) -> None:
    """Have a process that leads a session give way to the others by so many steps of nice(2); harmless once it is gone.

    Linux may share the processors out among sessions first: then nice(2) counts within a session only, and between
    them the session's own does (sched(7), "The autogroup feature").
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

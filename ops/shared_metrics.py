"""Having several processes count together, for the one of them that Prometheus asks (see kit/process/metrics.py).

Nothing that counts is imported here: the variable must be set before.
"""

import atexit
import os
import shutil
import tempfile

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"


def count_together() -> None:
    """Have this process and those it forks count together, in a directory that goes with it unless one is given."""
    if DIRECTORY not in os.environ:
        directory = os.environ[DIRECTORY] = tempfile.mkdtemp(prefix="orderx-metrics-")
        atexit.register(_remove, directory, os.getpid())


def _remove(directory: str, owner: int) -> None:
    if os.getpid() == owner:  # what it has forked runs this, too
        shutil.rmtree(directory, ignore_errors=True)

"""Prometheus' multiprocess mode: processes share their metrics and export the sum (see kit/process/metrics.py).

This module imports nothing that defines metrics: the variable must be set before.
"""

import atexit
import os
import shutil
import tempfile

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"


def enable() -> None:
    """Share metrics between this process and its forks, in the given directory or a temporary one."""
    if DIRECTORY not in os.environ:
        directory = os.environ[DIRECTORY] = tempfile.mkdtemp(prefix="orderx-metrics-")
        atexit.register(_remove, directory, os.getpid())


def _remove(directory: str, owner: int) -> None:
    if os.getpid() == owner:  # forked children run this, too
        shutil.rmtree(directory, ignore_errors=True)

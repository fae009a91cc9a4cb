"""A file that is touched as long as the process goes on, for health checks of processes that answer no requests."""

import time
from pathlib import Path

from kit.config import settings

EVERY = 1.0
"""Seconds."""

_touched = 0.0


def touch() -> None:
    """Touch ORDERX_ALIVE_FILE, if it is set, and was not touched just now."""
    global _touched  # noqa: PLW0603 - one file, one process
    path, now = settings().alive_file, time.monotonic()
    if path and now - _touched >= EVERY:
        _touched = now
        Path(path).touch()

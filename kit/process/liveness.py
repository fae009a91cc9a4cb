"""The liveness file: touched while the process is working, for health checks of processes without an HTTP endpoint."""

import time
from pathlib import Path

from kit.config import settings

INTERVAL = 1.0
"""Seconds between two touches of the file."""

_touched_at = 0.0


def touch() -> None:
    """Touch ORDERX_ALIVE_FILE, if it is set, at most once per INTERVAL."""
    global _touched_at  # noqa: PLW0603 - one file, one process
    path, now = settings().alive_file, time.monotonic()
    if path and now - _touched_at >= INTERVAL:
        _touched_at = now
        Path(path).touch()

"""Waiting for what comes about elsewhere."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(what: Callable[[], T], otherwise: str = "it did not happen in time", *, seconds: float = 60.0) -> T:
    """Look until there is something, and return it; fail with `otherwise` when that takes too long."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)
    return found

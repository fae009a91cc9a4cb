"""Wait for a condition."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(what: Callable[[], T], otherwise: str = "it did not happen in time", *, seconds: float = 60.0) -> T:
    """Poll `what` until it returns something true, and return that; fail with `otherwise` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)
    return found

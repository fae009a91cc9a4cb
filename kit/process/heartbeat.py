"""Heartbeats from long-running work, sent by whatever the calling thread has set up."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from kit.process import liveness

INTERVAL = 1.0
"""Seconds between two heartbeats while the work only waits."""

_send: ContextVar[Callable[[], None]] = ContextVar("send", default=lambda: None)


@contextmanager
def sent_by(send: Callable[[], None]) -> Iterator[None]:
    """Call `send` for each `beat()` of this thread within the block."""
    token = _send.set(send)
    try:
        yield
    finally:
        _send.reset(token)


@contextmanager
def also_calling(act: Callable[[], None]) -> Iterator[None]:
    """Call `act`, too, for each `beat()` of this thread within the block."""
    send = _send.get()

    def both() -> None:
        send()
        act()

    with sent_by(both):
        yield


def beat() -> None:
    """Send a heartbeat; call it before anything that may take seconds. It also touches the liveness file."""
    liveness.touch()
    _send.get()()

"""Signs of life of a thread that is busy for long: it shows them, and whoever is answerable for it says how."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from kit import liveness

EVERY = 1.0
"""Seconds after which who merely waits shows the next."""

_show: ContextVar[Callable[[], None]] = ContextVar("show", default=lambda: None)


@contextmanager
def shown_by(show: Callable[[], None]) -> Iterator[None]:
    """Have what this thread does within the block show its signs of life by calling this."""
    token = _show.set(show)
    try:
        yield
    finally:
        _show.reset(token)


def show() -> None:
    """Show a sign of life, before what may take seconds; to nobody, where nobody is answerable."""
    liveness.touch()
    _show.get()()

"""What may befall a worker: it dies, or stands still, at any beginning or end of a transaction or an outside call."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from domain.notifications.mailer import mailer
from domain.payments.stripe_gateway import gateway
from kit import db

Plight = Callable[[str], None]
_worker = threading.local()


def checkpoint(place: str) -> None:
    """Here it may befall the worker of this thread; `place` is "begin", "commit", "call" or "answer"."""
    plight: Plight | None = getattr(_worker, "plight", None)
    if plight:
        plight(place)


@contextmanager
def suffering(plight: Plight) -> Iterator[None]:
    """Have this befall what the block does in this thread."""
    _worker.plight = plight
    try:
        yield
    finally:
        _worker.plight = None


@contextmanager
def transactions_as_checkpoints() -> Iterator[None]:
    """Let plights befall transactions: as they begin, and right before they would be committed."""
    unit = db.UnitOfWork
    begin, commit = unit.__init__, unit.commit

    def begun(self: Any, connection: Any) -> None:
        begin(self, connection)
        checkpoint("begin")

    def committed(self: Any) -> None:
        checkpoint("commit")
        commit(self)

    unit.__init__, unit.commit = begun, committed
    try:
        yield
    finally:
        unit.__init__, unit.commit = begin, commit


def calls_as_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let plights befall the calls to the payment provider and the mail server."""
    names = ((gateway(), name) for name in ("authorise", "capture", "void", "refund", "look_up"))
    for owner, name in (*names, (mailer(), "send")):
        monkeypatch.setattr(owner, name, _watched(getattr(owner, name)))


def _watched(real: Callable[..., Any]) -> Callable[..., Any]:
    def watched(*args: Any, **named: Any) -> Any:
        checkpoint("call")
        answer = real(*args, **named)
        checkpoint("answer")
        return answer

    return watched


class Killed(BaseException):
    """The worker is gone, as by SIGKILL; nothing of it catches this."""


class Death:
    """Kills a worker when it has passed so many checkpoints."""

    def __init__(self, after: int) -> None:
        self._left = after

    def __call__(self, place: str) -> None:
        if self._left == 0:
            raise Killed(place)
        self._left -= 1


class Frozen:
    """A worker that stands still in its first outside call until it is thawed.

    At "call" the other side has not heard of it yet; at "answer" all is done there, and not known here.
    """

    def __init__(self, work: Callable[[], None], *, at: str) -> None:
        self._at = at
        self._still, self._thawed = threading.Event(), threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(work,))
        self._thread.start()
        assert self._still.wait(20), "the worker neither ends nor makes a call"

    def thaw(self) -> None:
        """Let it go on, and see it to its end."""
        self._thawed.set()
        self._thread.join(20)
        assert not self._thread.is_alive()
        if self._error:
            raise self._error

    def _run(self, work: Callable[[], None]) -> None:
        try:
            with suffering(self._stand_still):
                work()
        except BaseException as error:  # noqa: BLE001 - handed to whoever thaws it
            self._error = error
        finally:
            self._still.set()

    def _stand_still(self, place: str) -> None:
        if place == self._at and not self._still.is_set():
            self._still.set()
            assert self._thawed.wait(20), "nobody has thawed the worker"

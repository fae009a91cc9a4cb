"""Interrupt a worker at a checkpoint: kill or pause it where a transaction or an outside call begins or ends."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from domain.notifications.mailer import mailer
from domain.payments.stripe_gateway import gateway
from kit import db

Interruption = Callable[[str], None]
_worker = threading.local()


def checkpoint(place: str) -> None:
    """Run the interruption of this thread, if there is one; `place` is "begin", "commit", "call" or "answer"."""
    interruption: Interruption | None = getattr(_worker, "interruption", None)
    if interruption:
        interruption(place)


@contextmanager
def interrupted_by(interruption: Interruption) -> Iterator[None]:
    """Run the interruption at every checkpoint that this thread passes within the block."""
    _worker.interruption = interruption
    try:
        yield
    finally:
        _worker.interruption = None


@contextmanager
def transactions_as_checkpoints() -> Iterator[None]:
    """Make the begin of each transaction, and the moment before its commit, a checkpoint."""
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
    """Make the calls to the payment provider and the mail server checkpoints, and the return from them."""
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
    """The worker has been killed, as by SIGKILL: no code of the worker catches this exception."""


class KillAfter:
    """Kills a worker after a number of checkpoints."""

    def __init__(self, after: int) -> None:
        self._remaining = after

    def __call__(self, place: str) -> None:
        if self._remaining == 0:
            raise Killed(place)
        self._remaining -= 1


class PausedWorker:
    """A worker that pauses in its first outside call until it is resumed.

    At "call" the request has not been sent; at "answer" it has been executed, but its answer is not recorded.
    """

    def __init__(self, work: Callable[[], None], *, at: str) -> None:
        self._at = at
        self._paused, self._resumed = threading.Event(), threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(work,))
        self._thread.start()
        assert self._paused.wait(20), "the worker has neither ended nor made a call"

    def resume(self) -> None:
        """Resume the worker, wait for its end, and raise its error if it has failed."""
        self._resumed.set()
        self._thread.join(20)
        assert not self._thread.is_alive()
        if self._error:
            raise self._error

    def _run(self, work: Callable[[], None]) -> None:
        try:
            with interrupted_by(self._pause):
                work()
        except BaseException as error:  # noqa: BLE001 - raised by resume()
            self._error = error
        finally:
            self._paused.set()

    def _pause(self, place: str) -> None:
        if place == self._at and not self._paused.is_set():
            self._paused.set()
            assert self._resumed.wait(20), "the worker was not resumed"

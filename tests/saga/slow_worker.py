"""A worker whose external calls are made, and answered, when the test says so."""

from collections.abc import Iterable
from uuid import UUID

from saga.engine.call_pool import MAX_UNANSWERED, CallPool, PendingCall
from saga.engine.executor import Executor
from saga.engine.versions import FindDefinition


class _ManualPool(CallPool):
    """Makes no call by itself."""

    def __init__(self) -> None:
        self.waiting: list[PendingCall] = []

    def room(self, _account: str, _company_id: UUID) -> int:
        return MAX_UNANSWERED

    def submit(self, calls: Iterable[PendingCall]) -> None:
        self.waiting += calls


class SlowWorker:
    """A worker without a pool: `executor` executes its messages, and continues when a call is answered."""

    def __init__(self, find: FindDefinition, *, continue_inline: bool) -> None:
        self._pool = _ManualPool()
        self.executor = Executor(find, continue_inline=continue_inline, window=0, pool=self._pool)

    @property
    def calls(self) -> int:
        """The number of calls that are under way."""
        return len(self._pool.waiting)

    def make(self, which: int) -> None:
        """Make one of the calls. Its answer comes, and is not recorded."""
        self._pool.waiting.pop(which % self.calls).make()

    def answer(self, which: int) -> None:
        """Make one of the calls, and record its answer."""
        self.make(which)
        self.executor.record_answers()

    def answer_all(self) -> None:
        """Make all calls, also those that follow, and record their answers."""
        self.executor.record_answers()
        while self.calls:
            self.answer(0)

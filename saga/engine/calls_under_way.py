"""The external calls that an executor has begun and whose answers are not recorded yet."""

from collections.abc import Callable, Sequence
from threading import Condition

from kit import db
from kit.process import failpoints, heartbeat
from saga.engine.call_pool import CallPool, PendingCall
from saga.engine.locked_saga import SagaRef
from saga.engine.step_execution import StepCall, StepExecution
from saga.engine.step_functions import SharedCall

WINDOW = 0.005
"""Seconds that a worker waits for the answers to the calls it has just begun, so as to record them together. It does
not wait for an account whose last answer took longer."""


class CallsUnderWay:
    """Begins calls, and gathers their answers. One thread uses it; the answers come on other threads.

    `window` is how long `take_answers` waits for calls that have just begun, in seconds; with None it waits until all
    calls are answered. `on_late_answer` is called, on any thread, when an answer comes later.
    """

    def __init__(self, pool: CallPool, *, window: float | None, on_late_answer: Callable[[], None]) -> None:
        self.pool = pool
        self._window = window
        self._on_late_answer = on_late_answer
        self._condition = Condition()
        self._is_listening = False
        """Whether the thread that takes the answers is about to: it needs no call of `on_late_answer`."""
        self._unanswered_new: set[StepCall] = set()
        """Calls that have begun since answers were last taken."""
        self._answered: list[StepCall] = []
        self._slow_accounts: set[str] = set()
        self._unrecorded: dict[SagaRef, set[str]] = {}

    def is_under_way(self, ref: SagaRef, name: str | None = None) -> bool:
        """Whether a call of this saga is not recorded: that of the step or undo `name`, or any call without a name."""
        names = self._unrecorded.get(ref, set())
        return bool(names) if name is None else name in names

    def begin(self, executions: Sequence[StepExecution]) -> None:
        """Begin the calls of these executions. A shared call is made at once, on this thread.

        `take_answers` is to be called next. Raises an outage of our own database that a shared call runs into.
        """
        self._is_listening = True
        calls: list[StepCall] = []
        shared: list[StepExecution] = []
        for execution in executions:
            failpoints.hit("step.begun", execution.name)
            if any(isinstance(call, SharedCall) for call in execution.calls.values()):
                shared.append(execution)
            else:
                calls += self._register(execution)
        if self._window is None and len(calls) == 1:
            calls[0].make()  # there is nothing else to do meanwhile: no other thread is needed
        else:
            self.pool.submit(calls)
        try:
            for execution in shared:
                self._make_shared(execution)
        except Exception:
            self.stop_listening()
            raise

    def _register(self, execution: StepExecution) -> list[StepCall]:
        calls = execution.pending_calls(self._put)
        self._unanswered_new.update(calls)
        for call in calls:
            self._unrecorded.setdefault(call.ref, set()).add(execution.name)
        return calls

    def _make_shared(self, execution: StepExecution) -> None:
        heartbeat.beat()
        results: dict[object, PendingCall] = {}
        for shared in execution.calls.values():
            if shared not in results:
                results[shared] = made = PendingCall(shared, execution.company_id, execution.account, lambda _: None)
                made.make()
                if made.error and db.is_outage(made.error):
                    raise made.error
        for call in self._register(execution):
            made = results[call.call]
            call.answer, call.error = (made.answer or {}).get(call.subject_id), made.error
            self._put(call)

    def _put(self, call: StepCall) -> None:
        """Take an answer, on any thread."""
        with self._condition:
            self._unanswered_new.discard(call)
            self._answered.append(call)
            is_slow = self._window is not None and call.seconds > self._window
            (self._slow_accounts.add if is_slow else self._slow_accounts.discard)(call.account)
            self._condition.notify()
            is_late = not self._is_listening
        if is_late:
            self._on_late_answer()

    def take_answers(self) -> list[StepCall]:
        """Return the calls that are answered by now, or within the window."""
        with self._condition:
            if self._window is None:
                while self._unanswered_new:
                    if not self._condition.wait(heartbeat.INTERVAL):
                        heartbeat.beat()
            else:
                self._condition.wait_for(self._are_fast_ones_answered, self._window)
            is_slow = bool(self._unanswered_new)
            self._unanswered_new.clear()
            self._is_listening = False
            answered, self._answered = self._answered, []
        for name in {call.execution.name for call in answered}:
            failpoints.hit("step.called", name)
        if is_slow:
            failpoints.hit("call.under_way")
        return answered

    def _are_fast_ones_answered(self) -> bool:
        return all(call.account in self._slow_accounts for call in self._unanswered_new)

    def stop_listening(self) -> None:
        """Have `on_late_answer` called for all answers that are not taken."""
        with self._condition:
            self._is_listening = False
            is_late = bool(self._answered)
        if is_late:
            self._on_late_answer()

    def forget(self, calls: Sequence[StepCall]) -> None:
        """Count these calls as recorded."""
        for call in calls:
            names = self._unrecorded[call.ref]
            names.discard(call.execution.name)
            if not names:
                del self._unrecorded[call.ref]

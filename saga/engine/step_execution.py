"""Execute one step, or one undo, for the sagas that are due for it."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from kit.errors import DomainError, OrderXError
from saga.engine import step_metrics
from saga.engine.batch_functions import makes_calls
from saga.engine.call_pool import PendingCall
from saga.engine.directions import Direction
from saga.engine.errors import InProgress, Refused, TryAgain
from saga.engine.locked_saga import LockedSaga, SagaRef
from saga.engine.step import Step
from saga.engine.step_functions import Calls, Continuation, Outcome

log = structlog.get_logger()

NO_ROOM = InProgress("too_many_calls", "too many calls to the provider are under way")
"""The outcome of a step that may not make its call now, for the sake of others."""


@dataclass(frozen=True, slots=True)
class Alone:
    """How one saga is executed by itself, so that its errors can be recorded as answers of its steps.

    `continue_inline` is whether it continues after a parallel stage in the same transaction. `failed` is a step that
    has failed after other steps in one transaction, with its error: these are executed again, each in its own
    transaction, and then the error is recorded.
    """

    continue_inline: bool
    failed: tuple[Step, Exception] | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class StepCall(PendingCall):
    """The call of one subject of an execution."""

    execution: "StepExecution" = field(repr=False)
    subject_id: UUID
    ref: SagaRef


@dataclass(slots=True, eq=False)
class StepExecution:
    """One step, or undo, for these sagas of one definition (by subject id): `start`, then `finish` as answers come.

    Without external calls, `start` finishes it. It is compared by identity.
    """

    direction: Direction
    step: Step
    sagas: dict[UUID, LockedSaga]
    alone: Alone | None = None
    calls: Calls = field(default_factory=dict)
    """The external calls to make after `start`, by subject id."""
    _continuation: Continuation = field(init=False)
    _started: float = field(init=False)

    @property
    def name(self) -> str:
        """The name of the step, or of its undo."""
        return self.direction.function(self.step).__name__

    @property
    def account(self) -> str:
        """The provider account that the step calls: each area has one."""
        return self.step.area

    @property
    def company_id(self) -> UUID:
        """The company of its sagas."""
        return next(iter(self.sagas.values())).ref.company_id

    def start(self, room: Callable[[str, UUID], int]) -> None:
        """Begin the step for each saga, and run its function up to its external calls.

        `room` returns how many calls a company may make to an account. The step is not begun for further sagas.
        """
        self._started = time.perf_counter()
        function = self.direction.function(self.step)
        if makes_calls(function):
            self._turn_away(room(self.account, self.company_id))
        if not self.sagas:
            return
        for saga in self.sagas.values():
            self.direction.begin(saga, self.step)
        result = function([saga.subject(self.step) for saga in self.sagas.values()])
        if not isinstance(result, Continuation):
            self._record_outcomes(self.sagas, result or {})
            return
        self.calls, self._continuation = result.calls, result
        without = {subject_id: saga for subject_id, saga in self.sagas.items() if subject_id not in result.calls}
        self._record_outcomes(without, result.outcomes)

    def pending_calls(self, on_answer: Callable[[StepCall], None]) -> list[StepCall]:
        """Return the calls to make; each reports its answer to `on_answer`."""
        return [
            StepCall(
                call=call, company_id=self.company_id, account=self.account, on_answer=on_answer, execution=self,
                subject_id=subject_id, ref=self.sagas[subject_id].ref,
            )
            for subject_id, call in self.calls.items()
        ]  # fmt: skip

    def _turn_away(self, room: int) -> None:
        for subject_id, saga in list(self.sagas.items())[max(room, 0) :]:
            del self.sagas[subject_id]
            self._record_outcomes({subject_id: saga}, {subject_id: NO_ROOM})

    def finish(self, sagas: Mapping[SagaRef, LockedSaga], answered: Sequence[StepCall]) -> None:
        """Run the function to its end for these answered calls, as far as the newly locked sagas still accept them."""
        accepted: dict[UUID, LockedSaga] = {}
        for call in answered:
            saga = sagas[call.ref]
            if self.direction.accepts_answer(saga, self.step):
                accepted[call.subject_id] = saga
            else:
                saga.record_event("answered_late", self.step)
        calls = [call for call in answered if call.subject_id in accepted]
        failures = {call.subject_id: failure_of(call.error) for call in calls if call.error}
        outcomes = self._continuation.resume({call.subject_id: call.answer for call in calls if not call.error})
        self._record_outcomes(accepted, {**outcomes, **failures})

    def _record_outcomes(self, sagas: Mapping[UUID, LockedSaga], outcomes: Mapping[UUID, Outcome]) -> None:
        seconds = time.perf_counter() - self._started
        step_metrics.observe_after_commit(self.name, [outcomes.get(subject_id) for subject_id in sagas], seconds)
        for subject_id, saga in sagas.items():
            self.direction.record(saga, self.step, outcomes.get(subject_id))


def choose_executions(
    sagas: Iterable[LockedSaga],
    direction: Direction,
    *,
    alone: Alone | None,
    is_under_way: Callable[[SagaRef, str], bool],
) -> list[StepExecution]:
    """One execution for each step that is due, with all sagas of one definition that are due for it.

    A step whose call is under way in this process is not due.
    """
    sagas_by_step: dict[tuple[str, Step], dict[UUID, LockedSaga]] = defaultdict(dict)
    for saga in sagas:
        for step in direction.choose(saga):
            if not is_under_way(saga.ref, direction.function(step).__name__):
                sagas_by_step[saga.definition.name, step][saga.subject_id] = saga
    return [StepExecution(direction, step, due, alone) for (_, step), due in sagas_by_step.items()]


def failure_of(error: Exception) -> Refused | TryAgain:
    """The outcome of a step that raised this error."""
    if isinstance(error, OrderXError):
        outcome = Refused if isinstance(error, DomainError) else TryAgain
        return outcome(error.code, error.message)
    # Buyers can read the journal, so the text of an unexpected error goes to the log only.
    log.error("step failed unexpectedly", exc_info=error)
    return TryAgain(type(error).__name__)

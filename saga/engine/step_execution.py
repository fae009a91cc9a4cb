"""Execute one step, or one undo, for the sagas that are due for it."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

import structlog
from prometheus_client import Histogram

from kit import db
from kit.errors import DomainError, OrderXError
from kit.process import failpoints
from saga.engine import external_calls
from saga.engine.directions import Direction
from saga.engine.errors import Refused, TryAgain
from saga.engine.locked_saga import LockedSaga
from saga.engine.step import Step
from saga.engine.step_functions import Answers, Call, Continuation, Outcome

log = structlog.get_logger()

STEP_SECONDS = Histogram(
    "orderx_step_duration_seconds",
    "Duration of a step or an undo with its external calls; in a batch, of the whole batch, once per subject",
    ["step", "outcome"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


@dataclass(slots=True)
class StepExecution:
    """One step, or undo, for these sagas of one definition (by subject id): `start`, `make_calls`, `finish`.

    If `start` finds no external calls to make, it finishes the execution itself.
    """

    direction: Direction
    step: Step
    sagas: dict[UUID, LockedSaga]
    calls: dict[UUID, Call] = field(default_factory=dict)
    """External calls that are still to be answered."""
    _answers: Answers = field(default_factory=dict)
    _errors: Mapping[UUID, Exception] = field(default_factory=dict)
    _continuation: Continuation = field(init=False)
    _started: float = field(init=False)

    @property
    def name(self) -> str:
        """The name of the step, or of its undo."""
        return self.direction.function(self.step).__name__

    def start(self) -> None:
        """Begin the step for each saga, and run its function up to its external calls."""
        self._started = time.perf_counter()
        for saga in self.sagas.values():
            self.direction.begin(saga, self.step)
        subjects = [saga.subject(self.step) for saga in self.sagas.values()]
        result = self.direction.function(self.step)(subjects)
        if not isinstance(result, Continuation):
            self._record_outcomes(result or {})
        elif not result.calls:
            self._record_outcomes(result.outcomes)
        else:
            self.calls, self._continuation = dict(result.calls), result

    def make_calls(self) -> None:
        """Make the external calls, outside of any transaction: a slow provider holds no lock and no connection."""
        failpoints.hit("step.begun", self.name)
        self._answers, self._errors = external_calls.make_all(self.calls)
        failpoints.hit("step.called", self.name)

    def finish(self, sagas: Iterable[LockedSaga]) -> None:
        """Run the function to its end, for those of the newly locked sagas that still accept the answer."""
        refs = {saga.ref for saga in self.sagas.values()}
        self.calls, self.sagas = {}, {saga.subject_id: saga for saga in sagas if saga.ref in refs}
        for saga in list(self.sagas.values()):
            if not self.direction.accepts_answer(saga, self.step):
                saga.record_event("answered_late", self.step)
                del self.sagas[saga.subject_id]
        answers = {subject: answer for subject, answer in self._answers.items() if subject in self.sagas}
        failures = {subject: failure_of(error) for subject, error in self._errors.items()}
        self._record_outcomes({**self._continuation.outcomes, **self._continuation.resume(answers), **failures})

    def _record_outcomes(self, outcomes: Mapping[UUID, Outcome]) -> None:
        seconds = time.perf_counter() - self._started
        labels = Counter(_outcome_label(outcomes.get(subject)) for subject in self.sagas)
        db.after_commit(partial(_observe, self.name, labels, seconds))
        for subject, saga in self.sagas.items():
            self.direction.record(saga, self.step, outcomes.get(subject))


def choose_executions(sagas: Iterable[LockedSaga], direction: Direction) -> list[StepExecution]:
    """One execution for each step that is due, with all sagas of one definition that are due for it."""
    sagas_by_step: dict[tuple[str, Step], dict[UUID, LockedSaga]] = defaultdict(dict)
    for saga in sagas:
        for step in direction.choose(saga):
            sagas_by_step[saga.definition.name, step][saga.subject_id] = saga
    return [StepExecution(direction, step, due) for (_, step), due in sagas_by_step.items()]


def failure_of(error: Exception) -> Refused | TryAgain:
    """The outcome of a step that raised this error."""
    if isinstance(error, OrderXError):
        outcome = Refused if isinstance(error, DomainError) else TryAgain
        return outcome(error.code, error.message)
    # Buyers can read the journal, so the text of an unexpected error goes to the log only.
    log.error("step failed unexpectedly", exc_info=error)
    return TryAgain(type(error).__name__)


def _observe(step_name: str, labels: Mapping[str, int], seconds: float) -> None:
    """Record the duration once per subject, with the label of its outcome."""
    for label, subjects in labels.items():
        histogram = STEP_SECONDS.labels(step_name, label)
        for _ in range(subjects):
            histogram.observe(seconds)


def _outcome_label(outcome: Outcome) -> str:
    """The outcome as a label of STEP_SECONDS."""
    if isinstance(outcome, Refused):
        return "refused"
    return "retried" if isinstance(outcome, TryAgain) else "done"

"""The functions of steps and undos: what they take and return, for one subject or for a batch of them."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any, TypeVar
from uuid import UUID

from kit.db import Json
from saga.engine.errors import Refused, TryAgain

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a saga is about, such as an order, as its steps see it; `now` is the time of the transaction (UTC)."""

    id: UUID
    company_id: UUID
    saga_id: UUID
    now: datetime
    idempotency_key: str
    """The same at every attempt of this step of this saga: for the one external call that the step may make."""
    begun_before: bool = False
    """Whether an earlier attempt was begun: its external call may have been made, and the answer lost."""
    outcomes: Mapping[str, Json] = field(default_factory=dict, compare=False)
    """What earlier steps have returned, and the payloads of signals, by name (see Signal.payload_in)."""


Call = Callable[[], Any]
Outcome = Json | Refused | TryAgain | None
StepFunction = Callable[[Subject], Outcome] | Callable[[Subject], Generator[Call, Any, Outcome]]
"""The function of a step, or of an undo, for one subject.

A plain function runs in one transaction. A generator function makes one external call, `answer = yield call`: the code
before the yield is one transaction, which records the intent; the call is made outside of any transaction; the code
after the yield is a second transaction. It returns the outcome: a JSON object or None for success, or else Refused or
TryAgain.
"""

# By subject id. A subject without an outcome has succeeded, with None.
Calls = Mapping[UUID, Call]
Answers = Mapping[UUID, Any]
OutcomesBySubject = Mapping[UUID, Outcome]
BatchFunction = (
    Callable[[Sequence[Subject]], OutcomesBySubject | None]
    | Callable[[Sequence[Subject]], Generator[Calls, Answers, OutcomesBySubject]]
)
"""The function of a step, or of an undo, for many subjects of one company: each of its statements serves all of them.

A generator function yields the external calls of the subjects that need one, which are made concurrently. It is sent
the answers of those subjects whose call succeeded and whose saga still accepts the answer.
"""

Inputs = Mapping[UUID, T]
"""What a step takes besides its subjects, by subject id: for each one a value of the type that the step declares."""
Loader = Callable[[Sequence[Subject]], Inputs[T]]
"""Reads these inputs, in the step's transaction. It returns one for each subject."""

StepFunctionWithInput = Callable[[Subject, T], Outcome] | Callable[[Subject, T], Generator[Call, Any, Outcome]]
BatchFunctionWithInput = (
    Callable[[Sequence[Subject], Inputs[T]], OutcomesBySubject | None]
    | Callable[[Sequence[Subject], Inputs[T]], Generator[Calls, Answers, OutcomesBySubject]]
)


@dataclass(frozen=True, slots=True, eq=False)
class SharedCall:
    """One external call for several subjects: it is made once, and all of them get its answer."""

    call: Call

    def __call__(self) -> Any:
        """Make the call."""
        return self.call()


def for_each(function: Callable[..., Any]) -> Any:
    """Return the batch function that calls this function for each subject, with the subject's input if it takes one."""

    @wraps(function)
    def run(subjects: Sequence[Subject], *inputs: Inputs[Any]) -> OutcomesBySubject:
        return {subject.id: function(subject, *(each[subject.id] for each in inputs)) for subject in subjects}

    @wraps(function)
    def run_with_calls(
        subjects: Sequence[Subject], *inputs: Inputs[Any]
    ) -> Generator[Calls, Answers, OutcomesBySubject]:
        outcomes: dict[UUID, Outcome] = {}
        calls: dict[UUID, Call] = {}
        waiting = {subject.id: function(subject, *(each[subject.id] for each in inputs)) for subject in subjects}
        for subject_id, running in waiting.items():
            try:
                calls[subject_id] = next(running)
            except StopIteration as finished:
                outcomes[subject_id] = finished.value
        answers = yield calls
        for subject_id, answer in answers.items():
            outcomes[subject_id] = _finish(waiting[subject_id], answer)
        return outcomes

    return run_with_calls if isgeneratorfunction(function) else run


def with_inputs(function: BatchFunctionWithInput[T], load: Loader[T], *, name: str) -> BatchFunction:
    """Return a BatchFunction of this name that first loads the inputs of its subjects."""
    any_function: Any = function

    @wraps(function)
    def run(subjects: Sequence[Subject]) -> Any:
        return any_function(subjects, load(subjects))

    @wraps(function)
    def run_with_calls(subjects: Sequence[Subject]) -> Generator[Calls, Answers, OutcomesBySubject]:
        outcomes: OutcomesBySubject = yield from any_function(subjects, load(subjects))
        return outcomes

    made = run_with_calls if isgeneratorfunction(function) else run
    made.__name__ = name
    return made


def _finish(running: Generator[Call, Any, Outcome], answer: Any) -> Outcome:
    try:
        running.send(answer)
    except StopIteration as finished:
        outcome: Outcome = finished.value
        return outcome
    raise AssertionError("a step may make only one external call")

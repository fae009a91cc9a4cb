"""Declare steps with their undos.

The engine runs every step, and every undo, for a batch of subjects of one company: `@batched_step` declares a function
of this shape. `@step` declares a function that takes one subject, and makes a batch function of it.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any
from uuid import UUID

from kit.db import Json
from saga.engine.errors import Refused, TryAgain
from saga.engine.retries import UNDO_RETRIES, Retries


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
Outcomes = Mapping[UUID, Outcome]
BatchFunction = (
    Callable[[Sequence[Subject]], Outcomes | None] | Callable[[Sequence[Subject]], Generator[Calls, Answers, Outcomes]]
)
"""The function of a step, or of an undo, for many subjects of one company: each of its statements serves all of them.

A generator function yields the external calls of the subjects that need one, which are made concurrently. It is sent
the answers of those subjects whose call succeeded and whose saga still accepts the answer.
"""


@dataclass(frozen=True, slots=True, eq=False)
class SharedCall:
    """One external call for several subjects: it is made once, and all of them get its answer."""

    call: Call

    def __call__(self) -> Any:
        """Make the call."""
        return self.call()


@dataclass(eq=False)
class Step:
    """One step of a saga, with its undo. Created by `@step` and `@batched_step`."""

    function: BatchFunction
    area: str
    retries: Retries
    irreversible: str | None
    undo_function: BatchFunction | None = None
    undo_retries: Retries = UNDO_RETRIES

    @property
    def name(self) -> str:
        """The name of the step's function: `reserve_stock`."""
        return self.function.__name__

    @property
    def undo_name(self) -> str | None:
        """The name of the undo function, if there is one: `release_stock`."""
        return self.undo_function.__name__ if self.undo_function else None

    @property
    def task(self) -> str:
        """The name of the step's Celery task: `inventory.reserve_stock`."""
        return f"{self.area}.{self.name}"

    @property
    def undo_task(self) -> str:
        """The name of the undo's Celery task: `inventory.release_stock`."""
        return f"{self.area}.{self.undo_name}"

    def undo(self, function: StepFunction) -> StepFunction:
        """Declare the undo of this step. It must do no harm where the step has had no effect."""
        self.undo_function = for_each(function)
        return function

    def batched_undo(self, function: BatchFunction) -> BatchFunction:
        """Declare an undo that runs for many subjects at once. Otherwise the same as `undo`."""
        self.undo_function = function
        return function

    def __str__(self) -> str:
        return self.name


def step(
    *, area: str, retries: Retries | None = None, irreversible: str | None = None
) -> Callable[[StepFunction], Step]:
    """Declare a step of an area. A step without an undo gives the reason as `irreversible`."""
    return lambda function: Step(for_each(function), area, retries or Retries(), irreversible)


def batched_step(
    *, area: str, retries: Retries | None = None, irreversible: str | None = None
) -> Callable[[BatchFunction], Step]:
    """Declare a step that runs for many subjects at once. Otherwise the same as `step`."""
    return lambda function: Step(function, area, retries or Retries(), irreversible)


def for_each(function: StepFunction) -> BatchFunction:
    """Make a batch function of a function that takes one subject."""
    any_function: Any = function

    @wraps(function)
    def run(subjects: Sequence[Subject]) -> Outcomes:
        return {subject.id: any_function(subject) for subject in subjects}

    @wraps(function)
    def run_with_calls(subjects: Sequence[Subject]) -> Generator[Calls, Answers, Outcomes]:
        outcomes: dict[UUID, Outcome] = {}
        calls: dict[UUID, Call] = {}
        waiting = {subject.id: any_function(subject) for subject in subjects}
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


def _finish(running: Generator[Call, Any, Outcome], answer: Any) -> Outcome:
    try:
        running.send(answer)
    except StopIteration as finished:
        outcome: Outcome = finished.value
        return outcome
    raise AssertionError("a step may make only one external call")

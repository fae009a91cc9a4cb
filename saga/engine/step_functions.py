"""The functions of steps and undos: what they take and return, for one subject or for a batch of them."""

from abc import ABC, abstractmethod
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


class Continuation(ABC):
    """What is left of a step, or of an undo, that makes external calls: the calls, and what follows their answers."""

    calls: Calls
    """By subject id, for the subjects that need one."""
    outcomes: OutcomesBySubject
    """The outcomes of the subjects that need none."""

    @abstractmethod
    def resume(self, answers: Answers) -> OutcomesBySubject:
        """Return the outcomes of the subjects whose calls were answered. A subject is resumed at most once."""


BatchFunction = Callable[[Sequence[Subject]], OutcomesBySubject | Continuation | None]
"""The function of a step, or of an undo, for many subjects of one company: each statement serves all of them."""
CallsFunction = Callable[[Sequence[Subject]], Calls]
"""The first half of a batched step with external calls: it returns the calls of the subjects that need one."""
AnswersFunction = Callable[[Sequence[Subject], Answers], OutcomesBySubject]
"""The second half, see `Step.on_answers`."""

Inputs = Mapping[UUID, T]
"""What a step takes besides its subjects, by subject id: for each one a value of the type that the step declares."""
InputLoader = Callable[[Sequence[Subject]], Inputs[T]]
"""Reads these inputs, in the step's transaction. It returns one for each subject."""

StepFunctionWithInput = Callable[[Subject, T], Outcome] | Callable[[Subject, T], Generator[Call, Any, Outcome]]
BatchFunctionWithInput = Callable[[Sequence[Subject], Inputs[T]], OutcomesBySubject | Continuation | None]
CallsFunctionWithInput = Callable[[Sequence[Subject], Inputs[T]], Calls]
AnswersFunctionWithInput = Callable[[Sequence[Subject], Inputs[T], Answers], OutcomesBySubject]


@dataclass(frozen=True, slots=True, eq=False)
class SharedCall:
    """One external call for several subjects: it is made once, and returns their answers by subject id."""

    call: Callable[[], Answers]

    def __call__(self) -> Answers:
        """Make the call."""
        return self.call()


def for_each(function: Callable[..., Any]) -> Any:
    """Return the batch function that calls this function for each subject, with the subject's input if it takes one."""

    @wraps(function)
    def run(subjects: Sequence[Subject], *inputs: Inputs[Any]) -> OutcomesBySubject | Continuation:
        results = {subject.id: function(subject, *(each[subject.id] for each in inputs)) for subject in subjects}
        return _Generators(results) if isgeneratorfunction(function) else results

    return _calling(run) if isgeneratorfunction(function) else run


def continued_by(ask: Callable[..., Any], record: Callable[..., OutcomesBySubject]) -> Any:
    """Return the batch function that asks for external calls, and then records their answers."""

    @wraps(ask)
    def run(subjects: Sequence[Subject], *inputs: Inputs[Any]) -> Continuation:
        return _AskedBatch(ask(subjects, *inputs), record, subjects, inputs)

    return _calling(run)


def makes_calls(function: BatchFunction) -> bool:
    """Whether the function may make external calls."""
    return hasattr(function, "makes_calls")


def _calling(function: Any) -> Any:
    function.makes_calls = True  # `wraps` copies it
    return function


def with_inputs(function: BatchFunctionWithInput[T], load: InputLoader[T], *, name: str) -> BatchFunction:
    """Return a BatchFunction of this name that first loads the inputs of its subjects."""

    @wraps(function)
    def run(subjects: Sequence[Subject]) -> OutcomesBySubject | Continuation | None:
        return function(subjects, load(subjects))

    run.__name__ = name
    return run


class _Generators(Continuation):
    """Runs a generator for each subject."""

    def __init__(self, generators: Mapping[UUID, Generator[Call, Any, Outcome]]) -> None:
        self._generators = generators
        self.calls, self.outcomes = calls, outcomes = {}, {}
        for subject_id, generator in generators.items():
            try:
                calls[subject_id] = next(generator)
            except StopIteration as finished:
                outcomes[subject_id] = finished.value

    def resume(self, answers: Answers) -> OutcomesBySubject:
        return {subject_id: self._finish(subject_id, answer) for subject_id, answer in answers.items()}

    def _finish(self, subject_id: UUID, answer: Any) -> Outcome:
        try:
            self._generators[subject_id].send(answer)
        except StopIteration as finished:
            outcome: Outcome = finished.value
            return outcome
        raise AssertionError("a step may make only one external call")


@dataclass(slots=True)
class _AskedBatch(Continuation):
    """The calls that a batch function has asked for, and the function that records their answers."""

    calls: Calls
    record: Callable[..., OutcomesBySubject]
    subjects: Sequence[Subject]
    inputs: Sequence[Inputs[Any]]
    outcomes: OutcomesBySubject = field(default_factory=dict)

    def resume(self, answers: Answers) -> OutcomesBySubject:
        answered = [subject for subject in self.subjects if subject.id in answers]
        return self.record(answered, *self.inputs, answers) if answered else {}

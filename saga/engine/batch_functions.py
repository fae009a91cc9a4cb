"""Make batch functions of the functions that steps declare: for one subject, in two parts, or with inputs."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any, TypeVar
from uuid import UUID

from saga.engine.step_functions import (
    Answers,
    BatchFunction,
    BatchFunctionWithInput,
    Call,
    Calls,
    Continuation,
    InputLoader,
    Inputs,
    Outcome,
    OutcomesBySubject,
    Subject,
)

T = TypeVar("T")


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

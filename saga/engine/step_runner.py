"""Run the function of a step for several subjects, whether it is written for one subject or for a batch."""

from collections.abc import Generator, Sequence
from typing import Any
from uuid import UUID

from saga.engine.definition import Answers, BatchFunction, Call, Calls, Outcome, Outcomes, StepFunction, Subject


class StepRunner:
    """One run of a step's function: `start` runs it up to its external calls, `finish` runs it to its end."""

    def __init__(self, function: StepFunction | BatchFunction, subjects: Sequence[Subject], *, batched: bool) -> None:
        any_function: Any = function
        self._running = any_function(subjects) if batched else _run_each(any_function, subjects)
        self.outcomes: dict[UUID, Outcome] = {}

    def start(self) -> dict[UUID, Call]:
        """Return the external calls to make, by subject id. Without any, the run has ended and `outcomes` is set."""
        if not isinstance(self._running, Generator):
            self.outcomes = dict(self._running or {})
            return {}
        calls = dict(next(self._running))
        if not calls:
            self.finish({})
        return calls

    def finish(self, answers: Answers) -> dict[UUID, Outcome]:
        """Return the outcomes, given the answers to the calls."""
        try:
            self._running.send(answers)
        except StopIteration as finished:
            self.outcomes = dict(finished.value or {})
            return self.outcomes
        raise AssertionError("a step may yield external calls only once")


def _run_each(function: Any, subjects: Sequence[Subject]) -> Generator[Calls, Answers, Outcomes]:
    """Run a function that takes one subject for each of them."""
    outcomes: dict[UUID, Outcome] = {}
    waiting: dict[UUID, Generator[Call, Any, Outcome]] = {}
    calls: dict[UUID, Call] = {}
    for subject in subjects:
        running = function(subject)
        if not isinstance(running, Generator):
            outcomes[subject.id] = running
            continue
        try:
            calls[subject.id] = next(running)
            waiting[subject.id] = running
        except StopIteration as finished:
            outcomes[subject.id] = finished.value
    answers = yield calls
    for subject_id, answer in answers.items():
        outcomes[subject_id] = _finish_one(waiting[subject_id], answer)
    return outcomes


def _finish_one(running: Generator[Call, Any, Outcome], answer: Any) -> Outcome:
    try:
        running.send(answer)
    except StopIteration as finished:
        outcome: Outcome = finished.value
        return outcome
    raise AssertionError("a step may make only one external call")

"""Running what a step's function says, whether it is written for one subject or for all at once."""

from collections.abc import Generator, Sequence
from typing import Any
from uuid import UUID

from saga.engine.declaration import Act, ActOnAll, Answers, Call, Calls, Outcome, Outcomes, Subject


class Running:
    """A step's function under way for these subjects: first up to its outside calls, then to its end."""

    def __init__(self, act: Act | ActOnAll, subjects: Sequence[Subject], *, batched: bool) -> None:
        whole: Any = act
        self._running = whole(subjects) if batched else _one_by_one(whole, subjects)
        self.outcomes: dict[UUID, Outcome] = {}

    def until_the_calls(self) -> dict[UUID, Call]:
        """The calls to make, by subject; when there are none it has ended, and its `outcomes` are known."""
        if not isinstance(self._running, Generator):
            self.outcomes = dict(self._running or {})
            return {}
        calls = dict(next(self._running))
        if not calls:
            self.after_the_calls({})
        return calls

    def after_the_calls(self, answers: Answers) -> dict[UUID, Outcome]:
        """Its outcomes, given the calls' answers."""
        try:
            self._running.send(answers)
        except StopIteration as finished:
            self.outcomes = dict(finished.value or {})
            return self.outcomes
        raise AssertionError("a step calls once")


def _one_by_one(act: Any, subjects: Sequence[Subject]) -> Generator[Calls, Answers, Outcomes]:
    """A function that is written for one subject, run for several."""
    outcomes: dict[UUID, Outcome] = {}
    waiting: dict[UUID, Generator[Call, Any, Outcome]] = {}
    calls: dict[UUID, Call] = {}
    for subject in subjects:
        running = act(subject)
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
        outcomes[subject_id] = _ended(waiting[subject_id], answer)
    return outcomes


def _ended(running: Generator[Call, Any, Outcome], answer: Any) -> Outcome:
    try:
        running.send(answer)
    except StopIteration as finished:
        outcome: Outcome = finished.value
        return outcome
    raise AssertionError("a step makes one outside call")

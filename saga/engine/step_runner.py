"""Run the function of a step, or of an undo, for a batch of subjects: up to its external calls, and then to its end."""

from collections.abc import Generator
from uuid import UUID

from saga.engine.step_functions import Answers, Call, Calls, Outcome, OutcomesBySubject


class StepRunner:
    """One run of a step's function: `start` runs it up to its external calls, `finish` runs it to its end.

    `running` is what the function has returned: its outcomes, or a generator that makes external calls.
    """

    def __init__(self, running: OutcomesBySubject | Generator[Calls, Answers, OutcomesBySubject] | None) -> None:
        self._running = running
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
        assert isinstance(self._running, Generator)
        try:
            self._running.send(answers)
        except StopIteration as finished:
            self.outcomes = dict(finished.value or {})
            return self.outcomes
        raise AssertionError("a step may yield external calls only once")

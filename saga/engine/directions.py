"""The two directions in which a saga moves: forward through its steps, and backward through its undos."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import ClassVar

from kit.db import Json
from saga.engine import compensation, state_machine
from saga.engine.errors import InProgress, Refused, TryAgain
from saga.engine.locked_saga import LockedSaga, SagaRef
from saga.engine.step import Step
from saga.engine.step_functions import BatchFunction, Outcome


class Direction(ABC):
    """What differs between running steps and running undos."""

    begun_state: ClassVar[str]
    """The state of a step that is being run, or undone."""

    @abstractmethod
    def choose(self, saga: LockedSaga) -> list[Step]:
        """The steps to run, or to undo, for this saga now."""

    def only(self, ref: SagaRef, step: Step) -> "Direction":  # noqa: ARG002
        """The same for this step of this saga alone."""
        return self

    @abstractmethod
    def leave_answered_stage(self, saga: LockedSaga) -> None:
        """Repeat, after a rollback, that `choose` left an answered stage to reach the step that it chose."""

    @abstractmethod
    def function(self, step: Step) -> BatchFunction:
        """The function to run."""

    @abstractmethod
    def begin(self, saga: LockedSaga, step: Step) -> None:
        """Mark the step, or its undo, as begun."""

    @abstractmethod
    def accepts_answer(self, saga: LockedSaga, step: Step) -> bool:
        """Whether the answer of the step, or of its undo, still counts."""

    def record(self, saga: LockedSaga, step: Step, outcome: Outcome) -> None:
        """Record the outcome as the answer of the step, or of its undo."""
        if isinstance(outcome, Refused):
            self._refuse(saga, step, asdict(outcome))
        elif isinstance(outcome, TryAgain):
            self._retry(saga, step, asdict(outcome), attempted=not isinstance(outcome, InProgress))
        else:
            self._succeed(saga, step, outcome)

    @abstractmethod
    def _succeed(self, saga: LockedSaga, step: Step, outcome: Json | None) -> None: ...

    @abstractmethod
    def _refuse(self, saga: LockedSaga, step: Step, error: Json) -> None: ...

    @abstractmethod
    def _retry(self, saga: LockedSaga, step: Step, error: Json, *, attempted: bool) -> None: ...


@dataclass(frozen=True)
class Forward(Direction):
    """Run the `requested` steps of each saga, except for steps that the saga no longer needs.

    With `continue_inline`, a saga that needs none of its requested steps runs its next sequential step instead.
    """

    requested: Mapping[SagaRef, Collection[str]] = field(default_factory=dict)
    continue_inline: bool = False
    begun_state: ClassVar[str] = "running"

    def choose(self, saga: LockedSaga) -> list[Step]:
        """The requested steps that the saga still needs, or else its next sequential step."""
        names = self.requested.get(saga.ref, ())
        requested = (step for name, step in saga.definition.steps.items() if name in names)
        accepted = [step for step in requested if state_machine.accepts_answer(saga, step)]
        next_step = state_machine.next_step(saga) if self.continue_inline and not accepted else None
        return [next_step] if next_step else accepted

    def only(self, ref: SagaRef, step: Step) -> Direction:
        """The same for this step of this saga alone."""
        return replace(self, requested={ref: [step.name]})

    def leave_answered_stage(self, saga: LockedSaga) -> None:
        """Leave a parallel stage that is answered, or a wait that is over."""
        if self.continue_inline:
            state_machine.next_step(saga)

    def function(self, step: Step) -> BatchFunction:
        """The step's own function."""
        return step.function

    def begin(self, saga: LockedSaga, step: Step) -> None:
        """Mark the step as running."""
        state_machine.begin(saga, step)

    def accepts_answer(self, saga: LockedSaga, step: Step) -> bool:
        """Whether the step's answer still counts."""
        return state_machine.accepts_answer(saga, step)

    def _succeed(self, saga: LockedSaga, step: Step, outcome: Json | None) -> None:
        state_machine.succeed(saga, step, outcome)

    def _refuse(self, saga: LockedSaga, step: Step, error: Json) -> None:
        state_machine.fail(saga, step, error)

    def _retry(self, saga: LockedSaga, step: Step, error: Json, *, attempted: bool) -> None:
        state_machine.retry(saga, step, error, attempted=attempted)


@dataclass(frozen=True)
class Backward(Direction):
    """Undo the step of this name, in the sagas where it is the one to undo now."""

    step_name: str
    begun_state: ClassVar[str] = "undoing"

    def choose(self, saga: LockedSaga) -> list[Step]:
        """The step if it has to be undone now, otherwise no step."""
        step = saga.definition.steps[self.step_name]
        return [step] if compensation.accepts_answer(saga, step) else []

    def leave_answered_stage(self, saga: LockedSaga) -> None:
        """Change nothing: an undo follows no stage."""

    def function(self, step: Step) -> BatchFunction:
        """The step's undo function."""
        assert step.undo_function is not None
        return step.undo_function

    def begin(self, saga: LockedSaga, step: Step) -> None:
        """Mark the undo as running."""
        compensation.begin_undo(saga, step)

    def accepts_answer(self, saga: LockedSaga, step: Step) -> bool:
        """Whether the step is still the one to undo."""
        return compensation.accepts_answer(saga, step)

    def _succeed(self, saga: LockedSaga, step: Step, outcome: Json | None) -> None:
        compensation.finish_undo(saga, step, outcome)

    def _refuse(self, saga: LockedSaga, step: Step, error: Json) -> None:
        compensation.retry_undo(saga, step, error)

    def _retry(self, saga: LockedSaga, step: Step, error: Json, *, attempted: bool) -> None:
        compensation.retry_undo(saga, step, error, attempted=attempted)

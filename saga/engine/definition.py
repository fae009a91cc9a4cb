"""Declare sagas: steps with their undos, ordered in stages."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from kit.db import Json
from saga.engine.errors import InvalidDefinition, Refused, TryAgain
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


Call = Callable[[], Any]
Outcome = Json | Refused | TryAgain | None
StepFunction = Callable[[Subject], Outcome] | Callable[[Subject], Generator[Call, Any, Outcome]]
"""The function of a step, or of an undo.

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
"""The function of a batched step: it takes many subjects of one company, so that each statement serves all of them.

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

    function: StepFunction | BatchFunction
    area: str
    retries: Retries
    irreversible: str | None
    batched: bool = False
    undo_function: StepFunction | None = None
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
        self.undo_function = function
        return function

    def __str__(self) -> str:
        return self.name


def step(
    *, area: str, retries: Retries | None = None, irreversible: str | None = None
) -> Callable[[StepFunction], Step]:
    """Declare a step of an area. A step without an undo gives the reason as `irreversible`."""
    return lambda function: Step(function, area, retries or Retries(), irreversible)


def batched_step(
    *, area: str, retries: Retries | None = None, irreversible: str | None = None
) -> Callable[[BatchFunction], Step]:
    """Declare a step that runs for many subjects at once. Otherwise the same as `step`."""
    return lambda function: Step(function, area, retries or Retries(), irreversible, batched=True)


@dataclass(frozen=True)
class Stage:
    """Steps that run in parallel, or a single step. `kind` is "together", "then" or "afterwards"."""

    steps: tuple[Step, ...]
    kind: str
    is_pivot: bool = False


def together(*steps: Step) -> Stage:
    """Run these steps in parallel, as a Celery chord. The saga continues when all of them have answered."""
    return Stage(steps, "together")


def then(only: Step, *, pivot: bool = False) -> Stage:
    """Run this step next. Up to the pivot a failure undoes the saga; after it, steps are retried until done."""
    return Stage((only,), "then", pivot)


def afterwards(*steps: Step) -> Stage:
    """Run these steps once the saga has completed: they are retried until done, never undone, and cannot fail it."""
    return Stage(steps, "afterwards")


@dataclass(frozen=True, slots=True)
class Ending:
    """A saga that is done or undone, as its hook receives it.

    `failure` is why it is undone: `{"code", "step", "detail"}`. `stop_requested` is the request to cancel, if there was
    one: `{"reason", "by"}`.
    """

    subject: Subject
    failure: Json | None
    stop_requested: Json | None


Hook = Callable[[Sequence[Ending]], None]
"""Called once per transaction with all sagas of one company that reach this outcome in it."""


class Saga:
    """The definition of a saga.

    The hooks `when_done` and `when_undone` run at the end of the transaction that decides the outcome. A saga that has
    not moved for `deadline` seconds, or for `call_deadline` seconds per round of external calls in progress
    (external_calls.MAX_CONCURRENT), is re-sent by the sweeper. Open sagas stay on the `version` they started with: a
    changed definition gets a new version, and the old one stays declared until its last saga has ended. A saga with
    `when_undone=None` is never undone: each of its steps is retried until done.
    """

    def __init__(
        self,
        name: str,
        *stages: Stage,
        when_done: Hook,
        when_undone: Hook | None,
        version: int = 1,
        deadline: float = 5.0,
        call_deadline: float = 15.0,
    ) -> None:
        self.name = name
        self.version = version
        self.stages = stages
        self.when_done = when_done
        self.when_undone = when_undone
        self.deadline = deadline
        self.call_deadline = call_deadline
        self.steps = {step.name: step for stage in stages for step in stage.steps}
        self.shape = tuple((step.name, stage) for _, stage, step in self.numbered_steps())
        _validate(self)

    @property
    def main_stages(self) -> tuple[Stage, ...]:
        """The stages that decide the outcome: all but `afterwards`."""
        return tuple(stage for stage in self.stages if stage.kind != "afterwards")

    @property
    def afterwards_steps(self) -> list[Step]:
        """The steps that run once the saga has completed."""
        return [step for stage in self.stages[len(self.main_stages) :] for step in stage.steps]

    @property
    def pivot_index(self) -> int:
        """The index of the last stage whose failure undoes the saga; -1 for a saga that is never undone."""
        if self.when_undone is None:
            return -1
        return next((i for i, stage in enumerate(self.main_stages) if stage.is_pivot), len(self.main_stages) - 1)

    def numbered_steps(self) -> Iterator[tuple[int, int, Step]]:
        """Every step in order of declaration, as (position, index of its stage, step)."""
        position = 0
        for stage_index, stage in enumerate(self.stages):
            for each in stage.steps:
                yield position, stage_index, each
                position += 1

    def __str__(self) -> str:
        return f"{self.name}: " + ", ".join(
            f"{stage.kind} {' and '.join(map(str, stage.steps))}" for stage in self.stages
        )


def _validate(saga: Saga) -> None:
    if sum(len(stage.steps) for stage in saga.stages) != len(saga.steps):
        raise InvalidDefinition(f"{saga.name} has a step twice")
    if not saga.main_stages or any(stage.kind != "afterwards" for stage in saga.stages[len(saga.main_stages) :]):
        raise InvalidDefinition(f"{saga.name}: `afterwards` must come last, after at least one other stage")
    for each in saga.steps.values():
        if each.undo_function is None and each.irreversible is None:
            raise InvalidDefinition(f"{saga.name}: {each} has neither an undo nor a reason for having none")

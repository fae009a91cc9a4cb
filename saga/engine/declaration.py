"""How a saga is written down: steps with their undo beside them, and stages that read as a sentence."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from kit.db import Json
from saga.engine.errors import DeclarationError, Refused, TryAgain
from saga.engine.retries import UNDO_RETRIES, Retries


@dataclass(frozen=True, slots=True)
class Subject:
    """What a saga is about, as its steps see it: an id, the tenant, and the moment (UTC)."""

    id: UUID
    company_id: UUID
    saga_id: UUID
    now: datetime
    key: str
    """Belongs to this step of this saga for ever: the idempotency key of the one outside call it may make."""
    again: bool = False
    """Whether the step was begun before: its outside call may have been made, and its answer lost."""


Call = Callable[[], Any]
Outcome = Json | Refused | TryAgain | None
Act = Callable[[Subject], Outcome] | Callable[[Subject], Generator[Call, Any, Outcome]]
"""A step's function. Plain, it runs in one transaction. Written with one `answer = yield call`, what stands before
the yield is committed as the intent, the call runs outside of any transaction, and what stands after it is a second
transaction. It returns its outcome (a JSON object or None), or says that it cannot be done (Refused, TryAgain)."""

# Each by subject; a subject without an outcome is done.
Calls = Mapping[UUID, Call]
Answers = Mapping[UUID, Any]
Outcomes = Mapping[UUID, Outcome]
ActOnAll = (
    Callable[[Sequence[Subject]], Outcomes | None] | Callable[[Sequence[Subject]], Generator[Calls, Answers, Outcomes]]
)
"""The function of a step that is taken for many subjects of one company at once, so that each of its statements serves
them all. It yields the calls of those that need one, which run side by side, and is sent the answers of those that got
one and still wait for it."""


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """One call for several subjects: it is made once, and each of them gets its answer."""

    call: Call

    def __call__(self) -> Any:
        """Make it."""
        return self.call()


@dataclass(eq=False)
class Step:
    """One thing a saga does, and its opposite. Made by `@step` and `@batched_step`."""

    act: Act | ActOnAll
    area: str
    retries: Retries
    irreversible: str | None
    batched: bool = False
    undo_act: Act | None = None
    undo_retries: Retries = UNDO_RETRIES

    @property
    def name(self) -> str:
        """`reserve_stock`: the function's own name."""
        return self.act.__name__

    @property
    def undo_name(self) -> str | None:
        """`release_stock`: the undo function's own name, if there is one."""
        return self.undo_act.__name__ if self.undo_act else None

    @property
    def task(self) -> str:
        """The step's Celery task, `inventory.reserve_stock`."""
        return f"{self.area}.{self.name}"

    @property
    def undo_task(self) -> str:
        """The undo's Celery task, `inventory.release_stock`."""
        return f"{self.area}.{self.undo_name}"

    def undo(self, act: Act) -> Act:
        """Declare the opposite of this step; it must be harmless when nothing was done."""
        self.undo_act = act
        return act

    def __str__(self) -> str:
        return self.name


def step(*, area: str, retries: Retries | None = None, irreversible: str | None = None) -> Callable[[Act], Step]:
    """Declare a step of an area; `irreversible` is the stated reason where there is no undo."""
    return lambda act: Step(act, area, retries or Retries(), irreversible)


def batched_step(
    *, area: str, retries: Retries | None = None, irreversible: str | None = None
) -> Callable[[ActOnAll], Step]:
    """Declare a step that is taken for all subjects at once whose turn it is; the same as `step` but for that."""
    return lambda act: Step(act, area, retries or Retries(), irreversible, batched=True)


@dataclass(frozen=True)
class Stage:
    """Steps that a saga takes at the same time; a stage of one is taken in its turn."""

    steps: tuple[Step, ...]
    verb: str
    pivot: bool = False


def together(*steps: Step) -> Stage:
    """Take these steps in parallel, and go on when all have answered: a Celery chord."""
    return Stage(steps, "together")


def then(only: Step, *, pivot: bool = False) -> Stage:
    """Take this step next. Before the pivot everything can be undone; after it everything is retried until done."""
    return Stage((only,), "then", pivot)


def afterwards(*steps: Step) -> Stage:
    """Take these steps once the outcome is sure: retried until done, never undone, never a reason to fail."""
    return Stage(steps, "afterwards")


@dataclass(frozen=True)
class Ending:
    """What a saga's hook is told: why it was undone (`{"code", "step", "detail"}`), who asked it to stop."""

    subject: Subject
    failure: Json | None
    stop_requested: Json | None


Hook = Callable[[Sequence[Ending]], None]
"""Is told of all that end in this way in one transaction, which are one company's."""


class Saga:
    """A declared saga.

    `when_done` and `when_undone` run at the end of the very transaction that decides the ending. After `deadline`
    seconds without a move, or `call_deadline` seconds for each round of outside calls under way (calls.AT_ONCE), the
    sweeper re-sends what is missing. Running sagas stay on the `version` they began with, so a changed sentence gets a
    new version, and the old one stays declared until its last saga has ended. A saga with `when_undone=None` has no way
    back: each of its steps is retried until done.
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
        self.shape = tuple((step.name, stage) for _, stage, step in self.placed())
        _check(self)

    @property
    def main(self) -> tuple[Stage, ...]:
        """The stages that decide the outcome."""
        return tuple(stage for stage in self.stages if stage.verb != "afterwards")

    @property
    def pivot(self) -> int:
        """The last stage whose failure puts everything back; -1 when there is no way back at all."""
        if self.when_undone is None:
            return -1
        return next((i for i, stage in enumerate(self.main) if stage.pivot), len(self.main) - 1)

    def placed(self) -> Iterator[tuple[int, int, Step]]:
        """Every step in order of declaration, as (position, stage, step)."""
        position = 0
        for stage_index, stage in enumerate(self.stages):
            for each in stage.steps:
                yield position, stage_index, each
                position += 1

    def __str__(self) -> str:
        return f"{self.name}: " + ", ".join(
            f"{stage.verb} {' and '.join(map(str, stage.steps))}" for stage in self.stages
        )


def _check(saga: Saga) -> None:
    if sum(len(stage.steps) for stage in saga.stages) != len(saga.steps):
        raise DeclarationError(f"{saga.name} takes a step twice")
    if not saga.main or any(stage.verb != "afterwards" for stage in saga.stages[len(saga.main) :]):
        raise DeclarationError(f"{saga.name}: what comes afterwards stands last, and something before it")
    for each in saga.steps.values():
        if each.undo_act is None and each.irreversible is None:
            raise DeclarationError(f"{saga.name}: {each} has neither an undo nor a stated reason")

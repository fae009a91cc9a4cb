"""Declare sagas: steps and waits, ordered in stages."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from kit.db import Json
from saga.engine.errors import InvalidDefinition
from saga.engine.step import Step
from saga.engine.step_functions import Subject
from saga.engine.waits import Condition, OnExpiry, Signal, Wait


@dataclass(frozen=True)
class Stage:
    """Parallel steps, a single step, or a wait. `kind` is "together", "then", "wait_for" or "afterwards"."""

    steps: tuple[Step, ...]
    kind: str
    is_pivot: bool = False
    wait: Wait | None = None

    @cached_property
    def entries(self) -> tuple[Step | Wait, ...]:
        """What the journal keeps in rows: the steps, or the wait."""
        return (self.wait,) if self.wait else self.steps

    def __str__(self) -> str:
        return f"{self.kind} {' and '.join(map(str, self.entries))}"


def together(*steps: Step) -> Stage:
    """Run these steps in parallel, as a Celery chord. The saga continues when all of them have answered."""
    return Stage(steps, "together")


def then(only: Step, *, pivot: bool = False) -> Stage:
    """Run this step next. Up to the pivot a failure undoes the saga; after it, steps are retried until done."""
    return Stage((only,), "then", pivot)


def wait_for(signal: Signal[Any], *, when: Condition | None = None, expires: timedelta, on_expiry: OnExpiry) -> Stage:
    """Wait for a signal, recorded in the journal only. Where `when` returns False, the stage is skipped.

    If the signal has not come within `expires`, the saga is undone ("undo", up to the pivot only), goes on without it
    ("go_on"), or is stuck until an operator decides ("incident").
    """
    return Stage((), "wait_for", wait=Wait(signal, when, expires, on_expiry))


def afterwards(*steps: Step) -> Stage:
    """Run these steps once the saga has completed: they are retried until done, never undone, and cannot fail it."""
    return Stage(steps, "afterwards")


@dataclass(frozen=True, slots=True)
class Ending:
    """A saga that is done or undone, as its hook receives it.

    `failure` is why the saga was undone: `{"code", "step", "detail"}`; None if it is done. `stop_requested` is the
    request to cancel: `{"reason", "by"}`; None if nobody has asked.
    """

    subject: Subject
    failure: Json | None
    stop_requested: Json | None


Hook = Callable[[Sequence[Ending]], None]
"""Called once per transaction with all sagas of one company that reach this outcome in it."""


class Saga:
    """The definition of a saga.

    The hooks `when_done` and `when_undone` run at the end of the transaction that decides the outcome. A saga that has
    not moved for `deadline` seconds, or for `call_deadline` seconds while an external call is in progress, is re-sent
    by the sweeper. Open sagas stay on the `version` they started with: a changed definition gets a new version, and the
    old one stays declared until its last saga has ended. A saga with `when_undone=None` is never undone: each of its
    steps is retried until done. `in_progress` says in plain words what an open saga is doing, for users whose request
    is refused because of that saga.
    """

    def __init__(
        self,
        name: str,
        *stages: Stage,
        when_done: Hook,
        when_undone: Hook | None,
        version: int = 1,
        in_progress: str = "Another operation is in progress",
        deadline: float = 5.0,
        call_deadline: float = 15.0,
    ) -> None:
        self.name = name
        self.in_progress = in_progress
        self.version = version
        self.stages = stages
        self.when_done = when_done
        self.when_undone = when_undone
        self.deadline = deadline
        self.call_deadline = call_deadline
        self.steps = {step.name: step for stage in stages for step in stage.steps}
        self.waits = {stage.wait.name: stage.wait for stage in stages if stage.wait}
        self.shape = tuple((entry.name, stage) for _, stage, entry in self.numbered_entries())
        _validate(self)

    @cached_property
    def main_stages(self) -> tuple[Stage, ...]:
        """The stages that decide the outcome: all but `afterwards`."""
        return tuple(stage for stage in self.stages if stage.kind != "afterwards")

    @cached_property
    def afterwards_steps(self) -> tuple[Step, ...]:
        """The steps that run once the saga has completed."""
        return tuple(step for stage in self.stages[len(self.main_stages) :] for step in stage.steps)

    @cached_property
    def pivot_index(self) -> int:
        """The index of the last stage whose failure undoes the saga; -1 for a saga that is never undone."""
        if self.when_undone is None:
            return -1
        return next((i for i, stage in enumerate(self.main_stages) if stage.is_pivot), len(self.main_stages) - 1)

    def numbered_entries(self) -> Iterator[tuple[int, int, Step | Wait]]:
        """Every step and wait in order of declaration, as (position, index of its stage, step or wait)."""
        position = 0
        for stage_index, stage in enumerate(self.stages):
            for each in stage.entries:
                yield position, stage_index, each
                position += 1

    def __str__(self) -> str:
        return f"{self.name}: {', '.join(map(str, self.stages))}"


def _validate(saga: Saga) -> None:
    for each in saga.steps.values():
        if not isinstance(each, Step):
            raise InvalidDefinition(f"{saga.name}: {each} takes an input: say from where, by {each}.using(…)")
    if len(list(saga.numbered_entries())) != len(saga.steps) + len(saga.waits):
        raise InvalidDefinition(f"{saga.name} has a step or a signal twice")
    undo_names = [step.undo_name for step in saga.steps.values() if step.undo_name]
    if len(undo_names) != len(set(undo_names)):
        raise InvalidDefinition(f"{saga.name} has an undo twice")
    if not saga.main_stages or any(stage.kind != "afterwards" for stage in saga.stages[len(saga.main_stages) :]):
        raise InvalidDefinition(f"{saga.name}: `afterwards` must come last, after at least one other stage")
    for index, stage in enumerate(saga.stages):
        if stage.wait and stage.wait.on_expiry == "undo" and index > saga.pivot_index:
            raise InvalidDefinition(f"{saga.name}: the wait for {stage.wait} cannot undo the saga after its pivot")
    for each in saga.steps.values():
        if each.undo_function is None and each.irreversible is None:
            raise InvalidDefinition(f"{saga.name}: {each} has neither an undo nor a reason for having none")

"""Rehearse a saga: what it does, and what it undoes when a given step fails."""

from dataclasses import dataclass
from typing import Literal

from saga.engine.definition import Saga
from saga.engine.step import Step


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The result: the steps done, the undos in their order, and the state the saga ends in."""

    done: tuple[str, ...]
    undone: tuple[str, ...]
    ending: Literal["done", "undone", "stuck"]


def rehearse(saga: Saga, *, failing: Step | None = None) -> Rehearsal:
    """Return what happens when `failing` fails (None: no step fails). Pure: no step runs, and nothing is read.

    Raises ValueError when the saga does not have the step.
    """
    if failing is None:
        return Rehearsal(tuple(saga.steps), (), "done")
    if failing.name not in saga.steps:
        raise ValueError(f"{saga.name} has no step {failing}")
    stage_of = {step.name: index for _, index, step in saga.numbered_steps()}
    failing_stage = stage_of[failing.name]
    last_begun_stage = failing_stage if failing_stage < len(saga.main_stages) else len(saga.stages)
    begun = [step for step in saga.steps.values() if stage_of[step.name] <= last_begun_stage]
    done = tuple(step.name for step in begun if step is not failing)
    if failing_stage > saga.pivot_index:
        return Rehearsal(done, (), "stuck")
    undone = tuple(step.undo_name for step in reversed(begun) if step.undo_name)
    return Rehearsal(done, undone, "undone")

"""Rehearsing a saga on paper: what would be done, and what put back, if a given step failed."""

from dataclasses import dataclass
from typing import Literal

from saga.engine.declaration import Saga, Step


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a run would come to: the steps done, the undos in their order, and how it would end."""

    done: tuple[str, ...]
    undone: tuple[str, ...]
    ending: Literal["done", "undone", "stuck"]


def rehearse(saga: Saga, *, failing: Step | None = None) -> Rehearsal:
    """Foretell a run in which `failing` cannot be done (None: all goes well). Pure: nothing runs, nothing is read.

    Raises ValueError when the step is none of the saga's.
    """
    if failing is None:
        return Rehearsal(tuple(saga.steps), (), "done")
    if failing.name not in saga.steps:
        raise ValueError(f"{failing} is no step of {saga.name}")
    stage_of = {step.name: index for _, index, step in saga.placed()}
    failed_in = stage_of[failing.name]
    siblings_too = failed_in if failed_in < len(saga.main) else len(saga.stages)
    begun = [step for step in saga.steps.values() if stage_of[step.name] <= siblings_too]
    done = tuple(step.name for step in begun if step is not failing)
    if failed_in > saga.pivot:
        return Rehearsal(done, (), "stuck")
    undone = tuple(step.undo_name for step in reversed(begun) if step.undo_name)
    return Rehearsal(done, undone, "undone")

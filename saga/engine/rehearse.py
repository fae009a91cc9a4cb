"""Rehearse a saga: what it does, and what it undoes when a given step fails or a wait expires."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from saga.engine.definition import Saga
from saga.engine.step import Step
from saga.engine.waits import Signal


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The result: the steps done, the undos in their order, and the state the saga ends in; waits are no steps."""

    done: tuple[str, ...]
    undone: tuple[str, ...]
    ending: Literal["done", "undone", "stuck"]


def rehearse(saga: Saga, *, failing: Step | None = None, expiring: Signal[Any] | None = None) -> Rehearsal:
    """Return what happens when `failing` fails and the wait for `expiring` expires; None: none fails, none expires.

    Pure: no step runs, and nothing is read. Raises ValueError when the saga does not have the step or the wait.
    """
    stage_of = {entry.name: index for _, index, entry in saga.numbered_entries()}
    if failing and failing.name not in saga.steps:
        raise ValueError(f"{saga.name} has no step {failing}")
    if expiring and expiring.name not in saga.waits:
        raise ValueError(f"{saga.name} has no wait for {expiring.name}")
    wait = saga.waits[expiring.name] if expiring else None
    if wait and wait.on_expiry != "go_on" and (not failing or stage_of[wait.name] < stage_of[failing.name]):
        begun = [step for step in saga.steps.values() if stage_of[step.name] < stage_of[wait.name]]
        return _rehearse_undos(begun, tuple(step.name for step in begun), undoes=wait.on_expiry == "undo")
    if failing is None:
        return Rehearsal(tuple(saga.steps), (), "done")
    failing_stage = stage_of[failing.name]
    last_begun_stage = failing_stage if failing_stage < len(saga.main_stages) else len(saga.stages)
    begun = [step for step in saga.steps.values() if stage_of[step.name] <= last_begun_stage]
    done = tuple(step.name for step in begun if step is not failing)
    return _rehearse_undos(begun, done, undoes=failing_stage <= saga.pivot_index)


def _rehearse_undos(begun: Sequence[Step], done: tuple[str, ...], *, undoes: bool) -> Rehearsal:
    if not undoes:
        return Rehearsal(done, (), "stuck")
    undone = tuple(step.undo_name for step in reversed(begun) if step.undo_name)
    return Rehearsal(done, undone, "undone")

"""Act on the incident of one stuck saga: retry, skip, compensate or resolve. Nothing else moves a stuck saga."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NotRequired, TypedDict, Unpack
from uuid import UUID

from kit import db
from kit.db import Json
from saga.engine import compensation, interventions, state_machine
from saga.engine.journal import locked, write_changes
from saga.engine.locked_saga import LockedSaga, SagaRef
from saga.engine.step import Step
from saga.engine.versions import FindDefinition
from saga.engine.waits import Wait
from saga.incidents import guards
from saga.incidents.close_incident import close_incident
from saga.incidents.errors import CannotCompensate, CannotResolve, NothingToSkip
from saga.incidents.guards import End


class Options(TypedDict):
    """Why an action is taken, and `by` which operator.

    With `incident`, the action is refused if the saga is stuck in another incident. With `dry_run`, it is rolled back.
    """

    reason: str
    by: str
    incident: NotRequired[UUID]
    dry_run: NotRequired[bool]


@dataclass(frozen=True, slots=True)
class Effect:
    """What an action has done: the saga's new state, and the tasks that it has sent."""

    state: str
    tasks: tuple[str, ...]


def retry(ref: SagaRef, find: FindDefinition, **options: Unpack[Options]) -> Effect:
    """Retry the step, or the undo, that the saga is stuck in, with all of its attempts again; or wait again.

    Raises NotStuck.
    """

    def move(saga: LockedSaga, step: Step | Wait, _error: Json) -> None:
        interventions.reset_attempts(saga, step)
        _send_due_tasks(saga)

    return _act(ref, find, move, {"action": "retry"}, **options)


def skip(ref: SagaRef, find: FindDefinition, **options: Unpack[Options]) -> Effect:
    """Continue without the step, or the undo, that the saga is stuck in: an operator has done its work.

    Raises NotStuck, NothingToSkip, or the error of a hook; then nothing is changed.
    """

    def move(saga: LockedSaga, step: Step | Wait, _error: Json) -> None:
        if not interventions.in_progress(saga, step):
            raise NothingToSkip
        interventions.skip(saga, step)
        if not saga.messages:
            _send_due_tasks(saga)

    return _act(ref, find, move, {"action": "skip"}, **options)


def compensate(ref: SagaRef, find: FindDefinition, **options: Unpack[Options]) -> Effect:
    """Undo all steps that were begun, including the failed one.

    Raises NotStuck, and CannotCompensate when the outcome is decided or a step that was begun has no undo.
    """

    def move(saga: LockedSaga, step: Step | Wait, error: Json) -> None:
        reason = guards.reason_not_to_compensate(saga)
        if reason:
            raise CannotCompensate(f"saga {ref.saga_id} cannot be compensated: {reason}")
        compensation.start(saga, _failure(saga, step, error))

    return _act(ref, find, move, {"action": "compensate"}, **options)


def resolve(ref: SagaRef, find: FindDefinition, *, end: End, **options: Unpack[Options]) -> Effect:
    """End the saga now: an operator has done, or undone, all that was left. No step and no undo runs for it.

    The steps that run afterwards (the mail) still run, unless the saga is stuck in one of them. Raises NotStuck,
    CannotResolve when the saga can no longer end in this way, or the error of a hook.
    """

    def move(saga: LockedSaga, step: Step | Wait, error: Json) -> None:
        reason = guards.reason_not_to_resolve(saga, end)
        if reason:
            raise CannotResolve(f"saga {ref.saga_id} cannot be resolved as {end}: {reason}")
        if end == "done":
            interventions.force_done(saga)
        else:
            interventions.force_undone(saga, _failure(saga, step, error))

    return _act(ref, find, move, {"action": "resolve", "as": end}, **options)


def _act(
    ref: SagaRef,
    find: FindDefinition,
    move: Callable[[LockedSaga, Step | Wait, Json], None],
    action: dict[str, str],
    *,
    reason: str,
    by: str,
    incident: UUID | None = None,
    dry_run: bool = False,
) -> Effect:
    """Close the incident, return the saga to the phase it was stuck in, and move it. A dry run is rolled back."""
    with suppress(_DryRun), locked(ref, find) as saga:
        closed = close_incident(saga, incident, {**action, "reason": reason, "by": by})
        step = saga.definition.waits.get(closed.step) or saga.definition.steps[closed.step]
        saga.state = closed.phase
        saga.record_event("resolved", step, dict(action))  # buyers may read this, so it omits the reason
        move(saga, step, closed.error)
        effect = Effect(saga.state, tuple(_task_names(saga.messages)))
        if dry_run:
            write_changes([saga], find)
            db.write_deferred()
            raise _DryRun
    return effect


class _DryRun(Exception):
    """Raised to roll a dry run back: the action would have succeeded."""


def _failure(saga: LockedSaga, step: Step | Wait, error: Json) -> Json:
    return state_machine.cancellation_failure(saga) or {**error, "step": step.name}


def _send_due_tasks(saga: LockedSaga) -> None:
    """Send the due tasks: also those of parallel steps whose messages were ignored while the saga was stuck."""
    for task in state_machine.due_tasks(saga):
        saga.send_task(task)


def _task_names(messages: list[Json]) -> list[str]:
    """The tasks in these outbox rows, including those in the header of a chord."""
    bodies = [message["body"] for message in messages if message["kind"] in {"task", "chord"}]
    return [task for body in bodies for task in body.get("header") or [body["task"]]]

"""The transitions of a saga that compensates: undo the steps that were begun, in reverse order."""

from kit.db import Json
from saga.engine import waiting
from saga.engine.locked_saga import LockedSaga
from saga.engine.step import Step


def start(saga: LockedSaga, failure: Json) -> None:
    """Compensate the saga: from now on no answer of a step counts, and all steps that were begun are undone."""
    saga.state, saga.failure = "compensating", failure
    saga.record_event("compensating", None, failure)
    waiting.withdraw(saga)
    send_next_undo(saga)


def next_undo(saga: LockedSaga) -> Step | None:
    """The step to undo now: the last begun step, which may be the failed one; None when all are undone."""
    undoable = (step for step in reversed(saga.definition.steps.values()) if step.undo_function)
    return next((s for s in undoable if saga.step_state(s).state not in {"pending", "undone", "skipped"}), None)


def accepts_answer(saga: LockedSaga, step: Step) -> bool:
    """Whether the step is the one to undo now."""
    return saga.state == "compensating" and next_undo(saga) is step


def begin_undo(saga: LockedSaga, step: Step) -> None:
    """Mark the undo of the step as running."""
    saga.step_state(step).state = "undoing"
    saga.record_event("undo_begun", step)


def finish_undo(saga: LockedSaga, step: Step, outcome: Json | None) -> None:
    """Record that the step is undone. Send the next undo, or end the saga."""
    state = saga.step_state(step)
    state.state, state.undone_at, state.retry_at = "undone", saga.now, None
    state.undo_attempts += 1
    saga.record_event("undone", step, outcome)
    send_next_undo(saga)


def retry_undo(saga: LockedSaga, step: Step, error: Json, *, attempted: bool = True) -> None:
    """Schedule the next attempt at the undo; when no attempt is left, open an incident.

    `attempted` is False when another worker is at work on the undo, so that no attempt was made.
    """
    state = saga.step_state(step)
    state.undo_attempts, state.error = state.undo_attempts + attempted, error
    if step.undo_retries.exhausted_after(state.undo_attempts):
        saga.open_incident(step, error, state.undo_attempts)
        return
    state.retry_at = saga.now + step.undo_retries.pause_after(max(state.undo_attempts, 1))
    saga.record_event("undo_retried", step, error)
    saga.send_task(step.undo_task, at=state.retry_at)


def send_next_undo(saga: LockedSaga) -> None:
    """Send the task of the next undo; when all steps are undone, decide the outcome and end the saga."""
    step = next_undo(saga)
    if step is not None:
        saga.send_task(step.undo_task)
        return
    assert saga.definition.when_undone is not None
    saga.outcome_hook = saga.definition.when_undone
    saga.end("undone")

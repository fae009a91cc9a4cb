"""The transitions of a saga that runs forward. They change a LockedSaga; nothing here runs a step or reads a table."""

from kit.db import Json
from saga.engine import compensation, waiting
from saga.engine.locked_saga import LockedSaga
from saga.engine.step import Step
from saga.engine.waits import Wait

ADVANCE = "saga.advance"
"""The task that takes a saga through its sequential stages; it is also the body of each chord."""

CANCELLED = "cancelled"
"""The failure code of a saga that was asked to stop before its pivot."""


def begin(saga: LockedSaga, step: Step) -> None:
    """Mark the step as running: from now on there may be something to undo."""
    state = saga.step_state(step)
    state.state, state.begun_at = "running", state.begun_at or saga.now
    saga.record_event("begun", step)


def accepts_answer(saga: LockedSaga, step: Step) -> bool:
    """Whether the step may run or, if it is running, its answer still counts.

    False for every step once the saga compensates: a late answer changes nothing (fencing).
    """
    state = saga.step_state(step)
    if state.state not in {"pending", "running"}:
        return False
    if state.stage >= len(saga.definition.main_stages):
        return saga.state == "finishing"
    return saga.state == "running" and state.stage == saga.stage


def next_step(saga: LockedSaga) -> Step | None:
    """Leave the parallel stage or the wait, if it is answered. Return the step that is next in sequence, if any.

    A saga that was asked to stop compensates instead, if the step is up to the pivot and has not begun.
    """
    if saga.state == "running" and saga.wait:
        _arrive_at_wait(saga, saga.wait)
    elif saga.state == "running" and saga.is_parallel(saga.stage) and saga.is_answered(saga.stage):
        leave_stage(saga)
    if saga.state != "running" or not saga.is_sequential(saga.stage):
        return None
    [step] = saga.definition.stages[saga.stage].steps
    failure = cancellation_failure(saga)
    if failure and saga.stage <= saga.definition.pivot_index and saga.step_state(step).state == "pending":
        compensation.start(saga, failure)
        return None
    return step


def is_at_new_step(saga: LockedSaga) -> bool:
    """Whether the saga stands at a sequential stage whose step has not begun."""
    if saga.state != "running" or not saga.is_sequential(saga.stage):
        return False
    [step] = saga.definition.stages[saga.stage].steps
    return saga.step_state(step).state == "pending"


def cancellation_failure(saga: LockedSaga) -> Json | None:
    """The failure of a saga that was asked to stop; None for any other."""
    return saga.stop_requested and {"code": CANCELLED, "step": None, "detail": saga.stop_requested["reason"]}


def request_stop(saga: LockedSaga, *, reason: str, by: str) -> None:
    """Ask the saga to stop: it compensates before its next step, or at once while it waits for a signal.

    After the pivot the request only stays on record.
    """
    saga.stop_requested = {"reason": reason, "by": by}
    saga.record_event("stop_requested", None, saga.stop_requested)
    if saga.state == "waiting":
        _compensate_if_stopped(saga)


def _compensate_if_stopped(saga: LockedSaga) -> None:
    failure = cancellation_failure(saga)
    if failure and saga.stage <= saga.definition.pivot_index:
        compensation.start(saga, failure)


def succeed(saga: LockedSaga, step: Step, outcome: Json | None) -> None:
    """Record that the step is done, and advance the saga if that completes the stage."""
    state = saga.step_state(step)
    state.state, state.outcome, state.error, state.retry_at = "done", outcome, None, None
    state.attempts += 1
    record_answer(saga, step, "done", outcome)


def fail(saga: LockedSaga, step: Step, error: Json) -> None:
    """Record that the step can never succeed. After the pivot this opens an incident."""
    state = saga.step_state(step)
    state.attempts, state.error = state.attempts + 1, error
    if saga.stage > saga.definition.pivot_index:
        saga.open_incident(step, error, state.attempts)
        return
    state.state, state.retry_at = "failed", None
    record_answer(saga, step, "failed", error)


def retry(saga: LockedSaga, step: Step, error: Json, *, attempted: bool = True) -> None:
    """Schedule the next attempt at the step; when no attempt is left, the step fails (see fail).

    `attempted` is False when another worker is at work on the step, so that no attempt was made.
    """
    state = saga.step_state(step)
    attempts = state.attempts + attempted
    if step.retries.exhausted_after(attempts):
        fail(saga, step, error)
        return
    state.attempts, state.error = attempts, error
    state.retry_at = saga.now + step.retries.pause_after(max(attempts, 1))
    saga.record_event("retried", step, error)
    is_sequential = saga.state == "running" and saga.is_sequential(saga.stage)
    saga.send_task(ADVANCE if is_sequential else step.task, at=state.retry_at)


def record_answer(saga: LockedSaga, step: Step | Wait, event: str, detail: Json | None) -> None:
    """Record the step's answer. After a stage's last answer, advance the saga or send the task to do so."""
    saga.step_state(step).answered_at = saga.now
    saga.record_event(event, step, detail)
    if not saga.is_answered(saga.step_state(step).stage):
        return
    if saga.state == "finishing":
        end_if_finished(saga)
        return
    if saga.is_parallel(saga.stage):  # the join of the chord, in the transaction of its last header to answer
        if not saga.continue_inline:
            saga.send_task(ADVANCE)
            return
        saga.continued = True
    leave_stage(saga)


def leave_stage(saga: LockedSaga) -> None:
    """Move a saga whose stage is answered to its next stage or to its completion, or compensate it."""
    stages = saga.definition.stages
    failed = next((entry for entry in stages[saga.stage].entries if _fails_saga(saga, entry)), None)
    if failed is not None:
        compensation.start(saga, {**(saga.step_state(failed).error or {}), "step": failed.name})
        return
    if saga.stage + 1 == len(saga.definition.main_stages):
        complete(saga)
        return
    saga.stage += 1
    saga.record_event("advanced", None, {"stage": saga.stage})
    if saga.is_parallel(saga.stage):
        _compensate_if_stopped(saga)
        if saga.state == "running":
            saga.send_chord(saga.stage, ADVANCE)
    if saga.wait:
        _arrive_at_wait(saga, saga.wait)


def _fails_saga(saga: LockedSaga, entry: Step | Wait) -> bool:
    if isinstance(entry, Wait):
        return entry.on_expiry == "undo" and saga.step_state(entry).state == "expired"
    return saga.step_state(entry).state == "failed"


def _arrive_at_wait(saga: LockedSaga, wait: Wait) -> None:
    """Begin to wait; or leave the stage, where the wait is over or there is nothing to wait for."""
    _compensate_if_stopped(saga)
    if saga.state == "running" and not saga.is_answered(saga.stage):
        waiting.begin(saga, wait)
    if saga.state == "running":
        leave_stage(saga)


def complete(saga: LockedSaga) -> None:
    """Decide the outcome: all main stages are done. Send the steps that run afterwards."""
    saga.stage = len(saga.definition.main_stages)
    saga.state, saga.outcome_hook = "finishing", saga.definition.when_done
    saga.record_event("completed")
    for step in saga.definition.afterwards_steps:
        saga.send_task(step.task)
    end_if_finished(saga)


def end_if_finished(saga: LockedSaga) -> None:
    """End a completed saga once all steps of its `afterwards` stage are done or skipped; until then do nothing."""
    if all(saga.step_state(step).state in {"done", "skipped"} for step in saga.definition.afterwards_steps):
        saga.end("done")


def due_tasks(saga: LockedSaga) -> list[str]:
    """The tasks that the saga needs to continue, except those whose retry is not due yet."""
    if saga.state == "compensating":
        step = compensation.next_undo(saga)
        return [step.undo_task] if step else []
    if saga.state == "finishing":
        return [step.task for step in saga.definition.afterwards_steps if _is_due(saga, step)]
    if saga.state != "running":
        return []
    if not saga.is_parallel(saga.stage) or saga.is_answered(saga.stage):
        return [ADVANCE]
    return [step.task for step in saga.definition.stages[saga.stage].steps if _is_due(saga, step)]


def _is_due(saga: LockedSaga, step: Step) -> bool:
    return accepts_answer(saga, step) and (saga.step_state(step).retry_at or saga.now) <= saga.now


def open_undecided_incident(saga: LockedSaga, error: Json) -> None:
    """Open an incident for a hook that failed while no step was running. It names the stage's last step or wait."""
    last = saga.definition.stages[saga.stage].entries[-1]
    saga.open_incident(last, error, saga.step_state(last).attempts)

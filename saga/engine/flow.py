"""The rules by which a saga moves, on a saga held under its lock. Nothing here runs a step or reads a table."""

from kit.db import Json
from kit.ids import new_id
from saga.engine.declaration import Step
from saga.engine.journal import OpenSaga

ADVANCE = "saga.advance"
"""The chord's body, and the message that takes a saga on through the stages that stand in line."""

CANCELLED = "cancelled"
"""The failure code of a saga that was asked to stop before its pivot."""


def begin(saga: OpenSaga, step: Step) -> None:
    """The step is begun: from here on there may be something to undo."""
    state = saga.of(step)
    state.state, state.begun_at = "running", state.begun_at or saga.now
    saga.note("begun", step)


def awaits(saga: OpenSaga, step: Step) -> bool:
    """Whether the step's answer still counts. Once a saga compensates no forward step does: this is the fence."""
    if saga.of(step).state not in {"pending", "running"}:
        return False
    afterwards = saga.of(step).stage >= len(saga.definition.main)
    return saga.state == "finishing" if afterwards else saga.state == "running" and saga.of(step).stage == saga.stage


def next_in_turn(saga: OpenSaga) -> Step | None:
    """Decide about the stage that has answered, and name the step whose turn it is now, if any."""
    if saga.state == "running" and saga.is_parallel(saga.stage) and saga.answered(saga.stage):
        decide(saga)
    if saga.state != "running" or saga.is_parallel(saga.stage):
        return None
    step = saga.definition.stages[saga.stage].steps[0]
    cancelled = cancellation(saga)
    if cancelled and saga.stage <= saga.definition.pivot and saga.of(step).state == "pending":
        compensate(saga, cancelled)
        return None
    return step


def cancellation(saga: OpenSaga) -> Json | None:
    """The failure of a saga that was asked to stop."""
    return saga.stop_requested and {"code": CANCELLED, "step": None, "detail": saga.stop_requested["reason"]}


def succeed(saga: OpenSaga, step: Step, outcome: Json | None) -> bool:
    """Record the step's success; true when the saga has moved on to a step that stands next in line."""
    state = saga.of(step)
    state.state, state.outcome, state.error, state.retry_at = "done", outcome, None, None
    return _answer(saga, step, "done", outcome)


def fail(saga: OpenSaga, step: Step, error: Json) -> bool:
    """Record that the step cannot be done. Past the pivot there is no way back: it becomes an incident."""
    if saga.stage > saga.definition.pivot:
        state = saga.of(step)
        state.attempts, state.error = state.attempts + 1, error
        _open_incident(saga, step, error, state.attempts)
        return False
    state = saga.of(step)
    state.state, state.error, state.retry_at = "failed", error, None
    return _answer(saga, step, "failed", error)


def _answer(saga: OpenSaga, step: Step, event: str, detail: Json | None) -> bool:
    saga.of(step).attempts += 1
    return _go_on(saga, step, event, detail)


def _go_on(saga: OpenSaga, step: Step, event: str, detail: Json | None) -> bool:
    saga.of(step).answered_at = saga.now
    saga.note(event, step, detail)
    if not saga.answered(saga.of(step).stage):
        return False
    if saga.state == "finishing":
        _finish_when_all_is_told(saga)
        return False
    if saga.is_parallel(saga.stage):  # the chord's join: in the transaction of the last header to answer
        if not saga.goes_on:
            saga.send_task(ADVANCE)
            return False
        saga.joined = True
    return decide(saga)


def decide(saga: OpenSaga) -> bool:
    """The stage has answered: go on, end, or put everything back. True when a step stands next in line."""
    stages = saga.definition.stages
    failed = next((s for s in stages[saga.stage].steps if saga.of(s).state == "failed"), None)
    if failed is not None:
        compensate(saga, {**(saga.of(failed).error or {}), "step": failed.name})
        return False
    if saga.stage + 1 == len(saga.definition.main):
        _complete(saga)
        return False
    saga.stage += 1
    saga.note("advanced", None, {"stage": saga.stage})
    if saga.is_parallel(saga.stage):
        saga.send_chord(saga.stage, ADVANCE)
        return False
    return True


def _complete(saga: OpenSaga) -> None:
    saga.stage = len(saga.definition.main)
    saga.state, saga.decided = "finishing", saga.definition.when_done
    saga.note("completed")
    for step in afterwards(saga):
        saga.send_task(step.task)
    _finish_when_all_is_told(saga)


def afterwards(saga: OpenSaga) -> list[Step]:
    """The steps that follow a sure outcome."""
    stages = saga.definition.stages[len(saga.definition.main) :]
    return [step for stage in stages for step in stage.steps]


def _finish_when_all_is_told(saga: OpenSaga) -> None:
    if all(saga.of(step).state in {"done", "skipped"} for step in afterwards(saga)):
        _end(saga, "done")


def retry(saga: OpenSaga, step: Step, error: Json, *, tried: bool = True) -> bool:
    """Try the step again later; give it up when its attempts are used up. See fail.

    `tried` is False when no attempt was made, because another worker is making one.
    """
    state = saga.of(step)
    attempts = state.attempts + tried
    if step.retries.exhausted_after(attempts):
        return fail(saga, step, error)
    state.attempts, state.error = attempts, error
    state.retry_at = saga.now + step.retries.pause_after(max(attempts, 1))
    saga.note("retried", step, error)
    in_line = saga.state == "running" and not saga.is_parallel(saga.stage)
    saga.send_task(ADVANCE if in_line else step.task, at=state.retry_at)
    return False


def compensate(saga: OpenSaga, failure: Json) -> None:
    """From here on no forward step takes effect; undo what was begun, the last first."""
    saga.state, saga.failure = "compensating", failure
    saga.note("compensating", None, failure)
    _undo_next(saga)


def to_undo(saga: OpenSaga) -> Step | None:
    """The step whose undo is due: the last of those begun, the failed one included."""
    begun = (step for step in reversed(saga.definition.steps.values()) if step.undo_act)
    return next((s for s in begun if saga.of(s).state not in {"pending", "undone", "skipped"}), None)


def awaits_undo(saga: OpenSaga, step: Step) -> bool:
    """Whether this undo is the one that is due."""
    return saga.state == "compensating" and to_undo(saga) is step


def begin_undo(saga: OpenSaga, step: Step) -> None:
    """The undo is begun."""
    saga.of(step).state = "undoing"
    saga.note("undo_begun", step)


def undone(saga: OpenSaga, step: Step, outcome: Json | None) -> None:
    """Record that the step is put back; go on with the one before it, or end the saga."""
    state = saga.of(step)
    state.state, state.undone_at, state.retry_at = "undone", saga.now, None
    state.undo_attempts += 1
    saga.note("undone", step, outcome)
    _undo_next(saga)


def retry_undo(saga: OpenSaga, step: Step, error: Json, *, tried: bool = True) -> None:
    """The undo did not work: try again later, or open an incident. It is never given up silently. See retry."""
    state = saga.of(step)
    state.undo_attempts, state.error = state.undo_attempts + tried, error
    if step.undo_retries.exhausted_after(state.undo_attempts):
        _open_incident(saga, step, error, state.undo_attempts)
        return
    state.retry_at = saga.now + step.undo_retries.pause_after(max(state.undo_attempts, 1))
    saga.note("undo_retried", step, error)
    saga.send_task(step.undo_task, at=state.retry_at)


def _undo_next(saga: OpenSaga) -> None:
    step = to_undo(saga)
    if step is None:
        assert saga.definition.when_undone is not None
        saga.decided = saga.definition.when_undone
        _end(saga, "undone")
    else:
        saga.send_task(step.undo_task)


def _end(saga: OpenSaga, state: str) -> None:
    saga.state, saga.ended_at = state, saga.now
    saga.note(state)


def missing(saga: OpenSaga) -> list[str]:
    """The tasks the saga waits for, except those that wait for the time of their retry."""
    if saga.state == "compensating":
        step = to_undo(saga)
        return [step.undo_task] if step else []
    if saga.state == "finishing":
        return [step.task for step in afterwards(saga) if _is_due(saga, step)]
    if saga.state != "running":
        return []
    if not saga.is_parallel(saga.stage) or saga.answered(saga.stage):
        return [ADVANCE]
    return [step.task for step in saga.definition.stages[saga.stage].steps if _is_due(saga, step)]


def _is_due(saga: OpenSaga, step: Step) -> bool:
    return awaits(saga, step) and (saga.of(step).retry_at or saga.now) <= saga.now


def in_hand(saga: OpenSaga, step: Step) -> bool:
    """Whether the step, or its undo, is begun and not answered."""
    return saga.of(step).state in {"running", "undoing"}


def grant_retries(saga: OpenSaga, step: Step) -> None:
    """Count the attempts at the step, or at its undo, from nothing again."""
    state = saga.of(step)
    if state.state == "undoing":
        state.undo_attempts = 0
    elif state.state == "running":
        state.attempts = 0
    state.retry_at = None


def skip(saga: OpenSaga, step: Step) -> None:
    """Go on without the step, or without its undo, as if it were done."""
    state = saga.of(step)
    state.state, state.retry_at = "skipped", None
    if saga.state == "compensating":
        saga.note("skipped", step)
        _undo_next(saga)
    elif _go_on(saga, step, "skipped", None):
        saga.send_task(ADVANCE)


def call_done(saga: OpenSaga) -> None:
    """Take what is left of the phase for done: somebody has done it by hand."""
    stages = saga.definition.main if saga.state == "running" else saga.definition.stages[len(saga.definition.main) :]
    _pass_over(saga, [s for stage in stages for s in stage.steps if saga.of(s).state not in {"done", "skipped"}])
    if saga.state == "running":
        _complete(saga)
    else:
        _finish_when_all_is_told(saga)


def call_undone(saga: OpenSaga, failure: Json) -> None:
    """Take all that was begun for put back: somebody has done it by hand. Why it is undone stays what it was."""
    begun = [s for s in saga.definition.steps.values() if saga.of(s).state not in {"pending", "undone", "skipped"}]
    _pass_over(saga, begun)
    if saga.state == "running":
        compensate(saga, failure)
    else:
        _undo_next(saga)


def _pass_over(saga: OpenSaga, steps: list[Step]) -> None:
    for step in steps:
        state = saga.of(step)
        state.state, state.retry_at = "skipped", None
        saga.note("skipped", step)


def cannot_decide(saga: OpenSaga, error: Json) -> None:
    """The hook of an ending failed when no step was being taken: the stage's last step stands for it."""
    step = saga.definition.stages[saga.stage].steps[-1]
    _open_incident(saga, step, error, saga.of(step).attempts)


def _open_incident(saga: OpenSaga, step: Step, error: Json, attempts: int) -> None:
    incident = {
        "id": str(new_id()), "step": step.name, "phase": saga.state, "error": error, "attempts": attempts,
    }  # fmt: skip
    saga.incidents.append(incident)
    saga.note("incident", step, error)
    saga.state = "stuck"

"""The transitions that an operator causes, on a saga that was stuck."""

from collections.abc import Sequence

from kit.db import Json
from saga.engine import compensation, state_machine, waiting
from saga.engine.locked_saga import LockedSaga
from saga.engine.step import Step
from saga.engine.waits import Wait


def in_progress(saga: LockedSaga, step: Step | Wait) -> bool:
    """Whether the step, its undo or the wait was begun and has no answer."""
    return saga.step_state(step).state in {"running", "undoing", "waiting", "expired"}


def reset_attempts(saga: LockedSaga, step: Step | Wait) -> None:
    """Give the step, or its undo, all of its attempts again; or have the saga wait again."""
    if isinstance(step, Wait):
        waiting.wait_again(saga, step)
        return
    state = saga.step_state(step)
    if state.state == "undoing":
        state.undo_attempts = 0
    elif state.state == "running":
        state.attempts = 0
    state.retry_at = None


def skip(saga: LockedSaga, step: Step | Wait) -> None:
    """Continue as if the step, or its undo, were done; or without the signal."""
    state = saga.step_state(step)
    state.state, state.retry_at = "skipped", None
    if saga.state == "compensating":
        saga.record_event("skipped", step)
        compensation.send_next_undo(saga)
        return
    state_machine.record_answer(saga, step, "skipped", None)
    if state_machine.is_at_new_step(saga):
        saga.send_task(state_machine.ADVANCE)


def force_done(saga: LockedSaga) -> None:
    """Skip all steps left in the phase the saga was stuck in, and complete or end it: an operator has done them."""
    main_stages = saga.definition.main_stages
    stages = main_stages if saga.state == "running" else saga.definition.stages[len(main_stages) :]
    entries = [entry for stage in stages for entry in stage.entries]
    _skip_all(saga, [step for step in entries if saga.step_state(step).state not in {"done", "skipped"}])
    if saga.state == "running":
        state_machine.complete(saga)
    else:
        state_machine.end_if_finished(saga)


def force_undone(saga: LockedSaga, failure: Json) -> None:
    """Skip all undos, and end the saga: an operator has undone the work. A saga that compensates keeps its failure."""
    steps = saga.definition.steps.values()
    _skip_all(saga, [step for step in steps if saga.step_state(step).state not in {"pending", "undone", "skipped"}])
    if saga.state == "running":
        compensation.start(saga, failure)
    else:
        compensation.send_next_undo(saga)


def _skip_all(saga: LockedSaga, steps: Sequence[Step | Wait]) -> None:
    for step in steps:
        state = saga.step_state(step)
        state.state, state.retry_at = "skipped", None
        saga.record_event("skipped", step)

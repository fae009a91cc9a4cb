"""Record the failure of a transaction that was executing a saga's steps: that transaction was rolled back."""

from dataclasses import asdict

from saga.engine import state_machine
from saga.engine.directions import Direction
from saga.engine.journal import locked
from saga.engine.locked_saga import LockedSaga, SagaRef
from saga.engine.step import Step
from saga.engine.step_execution import failure_of
from saga.engine.versions import FindDefinition


def record_step_failure(ref: SagaRef, find: FindDefinition, direction: Direction, step: Step, error: Exception) -> None:
    """Record the error as the answer of the step, or of its undo."""
    with locked(ref, find) as saga:
        direction.leave_answered_stage(saga)  # that was rolled back, too
        if not direction.accepts_answer(saga, step):
            return
        if saga.step_state(step).state != direction.begun_state:  # its begin was rolled back, too
            direction.begin(saga, step)
        direction.record(saga, step, failure_of(error))


def record_undecided(undecided: LockedSaga, find: FindDefinition, error: Exception) -> None:
    """Open an incident for a transition or a hook that failed while no step was running: there is no step to retry."""
    with locked(undecided.ref, find) as saga:
        if saga.due_at == undecided.due_at_read:  # no other process has moved it since
            state_machine.open_undecided_incident(saga, asdict(failure_of(error)))

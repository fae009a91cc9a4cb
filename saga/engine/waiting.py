"""The transitions of a saga at a wait: begin to wait, receive the signal, expire. Whichever comes first counts.

They change a LockedSaga, and nothing else. The task `saga.advance` continues a saga whose wait has ended.
"""

from datetime import UTC
from typing import Literal

from kit.db import Json
from saga.engine.locked_saga import LockedSaga
from saga.engine.waits import WAIT_EXPIRED, Wait

SignalResult = Literal["accepted", "repeated", "conflicting", "late"]
"""The result of a signal: it counts, it has come before, it contradicts an earlier one, or it came too late."""


def begin(saga: LockedSaga, wait: Wait) -> None:
    """Wait for the signal, unless there is nothing to wait for, or the signal has come already."""
    state = saga.step_state(wait)
    state.begun_at, state.error = saga.now, None
    if not wait.applies_to(saga.outcomes):
        state.state, state.answered_at = "skipped", saga.now
        saga.record_event("skipped", wait)
    elif state.outcome is not None:
        state.state, state.answered_at = "done", saga.now
        saga.record_event("done", wait, state.outcome)
    else:
        state.state = "waiting"
        saga.state, saga.due_at = "waiting", saga.now + wait.expires
        saga.record_event("waiting", wait, {"until": saga.due_at.isoformat()})


def receive(saga: LockedSaga, wait: Wait, payload: Json) -> SignalResult:
    """Accept the signal if the wait has none yet, and return what has become of it.

    An accepted signal ends the wait. If the saga has not reached the wait, or is stuck at it, the signal is kept until
    the saga reaches the wait, or an operator retries it. A signal after the time is up is accepted until the expiry is
    recorded.
    """
    state = saga.step_state(wait)
    if state.outcome is not None:
        return "repeated" if state.outcome == payload else "conflicting"
    if saga.state == "waiting" and state.state == "waiting":
        state.state, state.outcome, state.answered_at = "done", payload, saga.now
        state.attempts += 1
        saga.state = "running"
        saga.record_event("done", wait, payload)
        return "accepted"
    is_stuck_here = saga.state == "stuck" and state.state in {"waiting", "expired"} and state.stage == saga.stage
    is_to_come = saga.state in {"running", "waiting", "stuck"} and state.state == "pending"
    if saga.failure is None and (is_to_come or is_stuck_here):
        state.outcome = payload
        saga.record_event("signal_kept", wait, payload)
        return "accepted"
    return "late"


def expire(saga: LockedSaga, wait: Wait) -> None:
    """End the wait without a signal. What follows is for `saga.advance` to do, or for an operator."""
    state = saga.step_state(wait)
    until = saga.due_at.astimezone(UTC)
    error = {"code": WAIT_EXPIRED, "detail": f"{wait.name} did not come by {until:%Y-%m-%d %H:%M:%S} UTC"}
    state.state, state.error, state.answered_at = "expired", error, saga.now
    state.attempts += 1
    saga.state = "running"
    saga.record_event("expired", wait, {"on_expiry": wait.on_expiry})
    if wait.on_expiry == "incident":
        saga.open_incident(wait, error, state.attempts)


def withdraw(saga: LockedSaga) -> None:
    """End the wait of a saga that compensates, if it is waiting: a signal that comes now is late."""
    wait = saga.wait
    if wait and saga.step_state(wait).state == "waiting":
        state = saga.step_state(wait)
        state.state, state.undone_at = "undone", saga.now
        saga.record_event("undone", wait)


def wait_again(saga: LockedSaga, wait: Wait) -> None:
    """Have `saga.advance` begin the wait again, after it has expired and an operator wants it retried."""
    state = saga.step_state(wait)
    if state.state in {"waiting", "expired"}:
        state.state, state.answered_at = "pending", None
        saga.record_event("wait_renewed", wait)

"""Settling an incident: what an operator may do about a saga that is stuck. Nothing else moves one."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import update

from kit import db
from kit.db import Json
from kit.errors import Conflict
from saga.engine import flow
from saga.engine.declaration import Step
from saga.engine.journal import Find, OpenSaga, Ref, locked
from saga.engine.tables import Incident


class NotStuck(Conflict):
    """The saga is not stuck: there is nothing to settle."""

    code = "not_stuck"


class NothingToSkip(Conflict):
    """No step has failed, but the ending could not be decided: mend the cause and retry."""

    code = "nothing_to_skip"


class CannotTurnBack(Conflict):
    """The saga cannot turn back any more."""

    code = "cannot_turn_back"


def retry(ref: Ref, find: Find, *, reason: str, by: str) -> None:
    """Take up what the saga is stuck in, with as many attempts as at first. Raises NotStuck."""
    with _settling(ref, find, action="retry", reason=reason, by=by) as (saga, step, _):
        flow.grant_retries(saga, step)
        _send_what_is_due(saga)


def skip(ref: Ref, find: Find, *, reason: str, by: str) -> None:
    """Go on without the step, or the undo, that the saga is stuck in: its work is done by hand, or let be.

    Raises NotStuck; NothingToSkip; whatever a hook raises that thereby decides the ending, and then nothing is settled.
    """
    with _settling(ref, find, action="skip", reason=reason, by=by) as (saga, step, _):
        if not flow.in_hand(saga, step):
            raise NothingToSkip
        flow.skip(saga, step)
        if not saga.sent:
            _send_what_is_due(saga)


def compensate(ref: Ref, find: Find, *, reason: str, by: str) -> None:
    """Turn back, and undo all that was begun, the failed step included.

    Raises NotStuck; CannotTurnBack when the outcome is sure, or something that was begun cannot be undone.
    """
    with _settling(ref, find, action="compensate", reason=reason, by=by) as (saga, step, error):
        obstacle = flow.no_way_back(saga)
        if obstacle:
            raise CannotTurnBack(f"saga {ref.saga_id} cannot turn back: {obstacle}")
        flow.compensate(saga, flow.cancellation(saga) or {**error, "step": step.name})


@contextmanager
def _settling(ref: Ref, find: Find, **resolution: str) -> Iterator[tuple[OpenSaga, Step, Json]]:
    """The saga in the phase it was stuck in, the step it was stuck in, and why; its incident is closed."""
    with locked(ref, find) as saga:
        if saga.state != "stuck":
            raise NotStuck(f"saga {ref.saga_id} is not stuck: it is {saga.state}")
        closing = (
            update(Incident)
            .where(Incident.saga_id == ref.saga_id, Incident.resolved_at.is_(None))
            .values(resolved_at=saga.now, resolution=resolution)
            .returning(Incident.step, Incident.phase, Incident.error)
        )
        incident = db.session().execute(closing).one()
        saga.state = incident.phase
        step = saga.definition.steps[incident.step]
        saga.note("settled", step, {"action": resolution["action"]})  # the buyer may read this; the reason is ours
        yield saga, step, incident.error


def _send_what_is_due(saga: OpenSaga) -> None:
    """Send what was let fall while the saga was stuck, its other parallel steps included."""
    for task in flow.missing(saga):
        saga.send_task(task)

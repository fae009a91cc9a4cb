"""Settling an incident: what an operator may do about a saga that is stuck. Nothing else moves one."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, NotRequired, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import update

from kit import db
from kit.db import Json
from kit.errors import Conflict
from saga.engine import flow, obstacles
from saga.engine.declaration import Step
from saga.engine.journal import Find, OpenSaga, Ref, locked, tell_endings
from saga.engine.tables import Incident

End = Literal["done", "undone"]


class NotStuck(Conflict):
    """The saga is not stuck: there is nothing to settle."""

    code = "not_stuck"


class NothingToSkip(Conflict):
    """No step has failed, but the ending could not be decided: mend the cause and retry."""

    code = "nothing_to_skip"


class CannotTurnBack(Conflict):
    """The saga cannot turn back any more."""

    code = "cannot_turn_back"


class CannotEndSo(Conflict):
    """The saga cannot end in this way any more."""

    code = "cannot_end_so"


class How(TypedDict):
    """Why and by whom a saga is settled; the only `incident` that is meant; whether it is merely tried out."""

    reason: str
    by: str
    incident: NotRequired[UUID]
    dry_run: NotRequired[bool]


@dataclass(frozen=True, slots=True)
class Settled:
    """What settling makes of a saga: the state it is in then, and the tasks that take it on from there."""

    state: str
    tasks: tuple[str, ...]


def retry(ref: Ref, find: Find, **how: Unpack[How]) -> Settled:
    """Take up what the saga is stuck in, with as many attempts as at first. Raises NotStuck."""

    def move(saga: OpenSaga, step: Step, _error: Json) -> None:
        flow.grant_retries(saga, step)
        _send_what_is_due(saga)

    return _settle(ref, find, move, {"action": "retry"}, **how)


def skip(ref: Ref, find: Find, **how: Unpack[How]) -> Settled:
    """Go on without the step, or the undo, that the saga is stuck in: its work is done by hand, or let be.

    Raises NotStuck; NothingToSkip; whatever a hook raises that thereby decides the ending, and then nothing is settled.
    """

    def move(saga: OpenSaga, step: Step, _error: Json) -> None:
        if not flow.in_hand(saga, step):
            raise NothingToSkip
        flow.skip(saga, step)
        if not saga.sent:
            _send_what_is_due(saga)

    return _settle(ref, find, move, {"action": "skip"}, **how)


def compensate(ref: Ref, find: Find, **how: Unpack[How]) -> Settled:
    """Turn back, and undo all that was begun, the failed step included.

    Raises NotStuck; CannotTurnBack when the outcome is sure, or something that was begun cannot be undone.
    """

    def move(saga: OpenSaga, step: Step, error: Json) -> None:
        obstacle = obstacles.no_way_back(saga)
        if obstacle:
            raise CannotTurnBack(f"saga {ref.saga_id} cannot turn back: {obstacle}")
        flow.compensate(saga, _failure(saga, step, error))

    return _settle(ref, find, move, {"action": "compensate"}, **how)


def resolve(ref: Ref, find: Find, *, end: End, **how: Unpack[How]) -> Settled:
    """End the saga here and now: all that it had still to do, or to undo, is done by hand, and no step runs for it.

    What comes afterwards (the mail) is still done, unless it is that which the saga is stuck in. Raises NotStuck;
    CannotEndSo when the saga is past the point where it could end so; whatever the ending's hook raises.
    """

    def move(saga: OpenSaga, step: Step, error: Json) -> None:
        obstacle = obstacles.no_such_end(saga, end)
        if obstacle:
            raise CannotEndSo(f"saga {ref.saga_id} cannot end as {end}: {obstacle}")
        if end == "done":
            flow.call_done(saga)
        else:
            flow.call_undone(saga, _failure(saga, step, error))

    return _settle(ref, find, move, {"action": "resolve", "as": end}, **how)


def _settle(
    ref: Ref,
    find: Find,
    move: Callable[[OpenSaga, Step, Json], None],
    what: dict[str, str],
    *,
    reason: str,
    by: str,
    incident: UUID | None = None,
    dry_run: bool = False,
) -> Settled:
    """Close the incident and move the saga, which is in the phase it was stuck in; a dry run is rolled back."""
    with suppress(_DryRun), locked(ref, find) as saga:
        found = _close(saga, incident, {**what, "reason": reason, "by": by})
        step = saga.definition.steps[found.step]
        saga.state = found.phase
        saga.note("settled", step, dict(what))  # the buyer may read this; the reason is ours
        move(saga, step, found.error)
        settled = Settled(saga.state, tuple(_names(saga.sent)))
        if dry_run:
            tell_endings([saga])
            raise _DryRun
    return settled


class _DryRun(Exception):
    """All of it could be done; none of it is."""


def _close(saga: OpenSaga, wanted: UUID | None, resolution: dict[str, str]) -> Incident:
    if saga.state != "stuck":
        raise NotStuck(f"saga {saga.ref.saga_id} is not stuck: it is {saga.state}")
    open_one = Incident.saga_id == saga.ref.saga_id, Incident.resolved_at.is_(None)
    closing = update(Incident).where(*open_one).values(resolved_at=saga.now, resolution=resolution)
    incident = db.session().scalars(closing.returning(Incident)).one()
    if wanted not in (None, incident.id):
        raise NotStuck(f"saga {saga.ref.saga_id} is stuck in something else by now: {incident.step}")
    return incident


def _failure(saga: OpenSaga, step: Step, error: Json) -> Json:
    return flow.cancellation(saga) or {**error, "step": step.name}


def _send_what_is_due(saga: OpenSaga) -> None:
    """Send what was let fall while the saga was stuck, its other parallel steps included."""
    for task in flow.missing(saga):
        saga.send_task(task)


def _names(sent: list[Json]) -> list[str]:
    """The tasks in these outbox rows, those of a chord included."""
    bodies = [row["body"] for row in sent if row["kind"] in {"task", "chord"}]
    return [task["task"] for body in bodies for task in body.get("header", [body])]

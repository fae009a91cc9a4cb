"""Act on many incidents at once, each in its own transaction. The command line and the API both use this."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal
from uuid import UUID

from kit import db
from kit.db import Json
from kit.errors import NotFound, OrderXError
from saga.engine.locked_saga import SagaRef
from saga.engine.queries import by_saga_or_subject_id
from saga.incidents import actions, queries
from saga.incidents.actions import Effect
from saga.incidents.errors import NotStuck
from saga.incidents.guards import End
from saga.incidents.queries import IncidentFilter
from saga.registry import find

Action = Literal["retry", "skip", "compensate", "resolve"]

PAST_TENSE: dict[Action, str] = {
    "retry": "retried", "skip": "skipped", "compensate": "compensated", "resolve": "resolved",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decision:
    """The action that an operator takes, why, and who the operator is; `end` is how a resolved saga ends."""

    action: Action
    reason: str
    by: str
    end: End | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an incident was not acted on."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Target:
    """An open incident to act on, or the problem that there is none. `id` is the id that the operator gave."""

    id: UUID
    ref: SagaRef | None = None
    subject_id: UUID | None = None
    saga: str | None = None
    step: str | None = None
    incident_id: UUID | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The effect of the action on a target (in a dry run, the effect it would have), or the problem."""

    target: Target
    effect: Effect | None = None
    problem: Problem | None = None

    def as_row(self) -> Json:
        """The result as the API answers it and the command line prints it for scripts."""
        target, ref = self.target, self.target.ref
        return {
            "id": target.id, "result": "failed" if self.problem else "succeeded", "error": self.problem,
            "incident_id": target.incident_id, "saga_id": ref and ref.saga_id, "subject_id": target.subject_id,
            "saga": target.saga, "step": target.step, "state": self.effect and self.effect.state,
            "tasks": list(self.effect.tasks) if self.effect else [],
        }  # fmt: skip


def targets_by_id(ids: Iterable[UUID]) -> list[Target]:
    """Return the targets of these ids of incidents, sagas or subjects, as far as the transaction may see them."""
    return [target for each in dict.fromkeys(ids) for target in _targets_of(each)]


def targets_by_filter(incident_filter: IncidentFilter, *, limit: int) -> tuple[list[Target], int]:
    """Return the oldest open incidents that match, and how many more there are."""
    rows = queries.list_incidents(incident_filter, limit=limit)
    targets = [_target(row.SagaRow.subject_id, row) for row in rows]
    return targets, queries.count_incidents(incident_filter) - len(targets)


def act_on_each(targets: Iterable[Target], decision: Decision, *, dry_run: bool = False) -> Iterator[Result]:
    """Act on each target in its own transaction; a problem with one does not affect the others.

    Only an outage of the database is raised. A target that another operator has acted on in the meantime is not stuck,
    and a saga that is stuck in another incident by now is left alone.
    """
    act: Any = getattr(actions, decision.action)
    if decision.end:
        act = partial(act, end=decision.end)
    for target in targets:
        if target.ref is None:
            yield Result(target, problem=target.problem)
            continue
        options = {"reason": decision.reason, "by": decision.by, "incident": target.incident_id, "dry_run": dry_run}
        try:
            yield Result(target, effect=act(target.ref, find, **options))
        except Exception as error:  # a hook may raise any error, which need not affect the next saga
            if db.is_outage(error):
                raise
            yield Result(target, problem=_problem(error))


def _targets_of(id_: UUID) -> list[Target]:
    rows = queries.open_incidents_about(id_)
    if rows:
        return [_target(id_, row) for row in rows]
    try:
        saga = by_saga_or_subject_id(id_)[-1]
        return [Target(id_, problem=_problem(NotStuck(f"saga {saga.id} is not stuck: it is {saga.state}")))]
    except NotFound as error:
        return [Target(id_, problem=_problem(error))]


def _target(id_: UUID, row: Any) -> Target:
    incident, saga = row.Incident, row.SagaRow
    return Target(id_, SagaRef(saga.id, saga.company_id), saga.subject_id, saga.name, incident.step, incident.id)


def _problem(error: Exception) -> Problem:
    if isinstance(error, OrderXError):
        return Problem(error.code, error.message)
    return Problem(type(error).__name__, f"{type(error).__name__}: {error}")

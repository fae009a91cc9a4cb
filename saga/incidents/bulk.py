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
    """What an operator decided, and why. `end` is how a resolved saga ends.

    `decided_by` is the operator: the id of a user in the API, the name of a person on the command line.
    """

    action: Action
    reason: str
    decided_by: str
    end: End | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an incident was not acted on."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class ChosenIncident:
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
    """The effect of the action on an incident (in a dry run, the effect it would have), or the problem."""

    incident: ChosenIncident
    effect: Effect | None = None
    problem: Problem | None = None

    def as_row(self) -> Json:
        """The result as the API answers it and the command line prints it for scripts."""
        incident, ref = self.incident, self.incident.ref
        return {
            "id": incident.id, "result": "failed" if self.problem else "succeeded", "error": self.problem,
            "incident_id": incident.incident_id, "saga_id": ref and ref.saga_id, "subject_id": incident.subject_id,
            "saga": incident.saga, "step": incident.step, "state": self.effect and self.effect.state,
            "tasks": list(self.effect.tasks) if self.effect else [],
        }  # fmt: skip


def choose_by_ids(ids: Iterable[UUID]) -> list[ChosenIncident]:
    """Return the open incidents of these ids, each the id of an incident, a saga or a subject.

    An id without an open incident, or with one that the current tenant may not see, gives a ChosenIncident with a
    problem instead.
    """
    return [chosen for each in dict.fromkeys(ids) for chosen in _choose_by_id(each)]


def choose_by_filter(incident_filter: IncidentFilter, *, limit: int) -> tuple[list[ChosenIncident], int]:
    """Return the oldest open incidents that match, and how many more there are."""
    rows = queries.list_incidents(incident_filter, limit=limit).data
    chosen = [_chosen(row.SagaRow.subject_id, row) for row in rows]
    return chosen, queries.count_incidents(incident_filter) - len(chosen)


def act_on_each(chosen: Iterable[ChosenIncident], decision: Decision, *, dry_run: bool = False) -> Iterator[Result]:
    """Act on each incident in its own transaction; a problem with one does not affect the others.

    Only an outage of the database is raised. An incident that another operator has acted on is not stuck any more,
    and a saga that is stuck in another incident by now is left alone.
    """
    act: Any = getattr(actions, decision.action)
    if decision.end:
        act = partial(act, end=decision.end)
    for incident in chosen:
        if incident.ref is None:
            yield Result(incident, problem=incident.problem)
            continue
        why = {"reason": decision.reason, "by": decision.decided_by}
        try:
            effect = act(incident.ref, find, incident=incident.incident_id, dry_run=dry_run, **why)
            yield Result(incident, effect=effect)
        except Exception as error:  # a hook may raise any error, which need not affect the next saga
            if db.is_outage(error):
                raise
            yield Result(incident, problem=_problem(error))


def _choose_by_id(id_: UUID) -> list[ChosenIncident]:
    rows = queries.open_incidents_about(id_)
    if rows:
        return [_chosen(id_, row) for row in rows]
    try:
        saga = by_saga_or_subject_id(id_)[-1]
        return [ChosenIncident(id_, problem=_problem(NotStuck(f"saga {saga.id} is not stuck: it is {saga.state}")))]
    except NotFound as error:
        return [ChosenIncident(id_, problem=_problem(error))]


def _chosen(id_: UUID, row: Any) -> ChosenIncident:
    incident, saga = row.Incident, row.SagaRow
    ref = SagaRef(saga.id, saga.company_id)
    return ChosenIncident(id_, ref, saga.subject_id, saga.name, incident.step, incident.id)


def _problem(error: Exception) -> Problem:
    if isinstance(error, OrderXError):
        return Problem(error.code, error.message)
    return Problem(type(error).__name__, f"{type(error).__name__}: {error}")

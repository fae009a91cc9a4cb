"""Settling many stuck sagas at once: which are meant, and what became of each. CLI and API only show it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal
from uuid import UUID

from kit import db
from kit.db import Json
from kit.errors import NotFound, OrderXError
from saga.engine import queries, settle
from saga.engine.journal import Ref
from saga.engine.queries import Which
from saga.engine.settle import End, NotStuck, Settled
from saga.registry import find

Action = Literal["retry", "skip", "compensate", "resolve"]

PAST: dict[Action, str] = {"retry": "retried", "skip": "skipped", "compensate": "turned back", "resolve": "resolved"}


@dataclass(frozen=True, slots=True)
class Decision:
    """What an operator does about stuck sagas, why, and who it is; `end` is how a resolved one ends."""

    action: Action
    reason: str
    by: str
    end: End | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something was not settled."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to settle: an open incident of a saga, or why there is none. `id` is what it was named by."""

    id: UUID
    ref: Ref | None = None
    subject_id: UUID | None = None
    saga: str | None = None
    step: str | None = None
    incident_id: UUID | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an item (or would have, in a dry run): the saga's state and next tasks, or the problem."""

    item: Item
    settled: Settled | None = None
    problem: Problem | None = None

    def shown(self) -> Json:
        """The same, as the command line prints it for scripts and the API answers it."""
        item, ref = self.item, self.item.ref
        return {
            "id": item.id, "result": "failed" if self.problem else "settled", "error": self.problem,
            "incident_id": item.incident_id, "saga_id": ref and ref.saga_id, "subject_id": item.subject_id,
            "saga": item.saga, "step": item.step, "state": self.settled and self.settled.state,
            "tasks": list(self.settled.tasks) if self.settled else [],
        }  # fmt: skip


def named(ids: Iterable[UUID]) -> list[Item]:
    """What these ids of incidents, sagas or subjects stand for, of what the current transaction may see."""
    return [item for each in dict.fromkeys(ids) for item in _items(each)]


def matching(which: Which, *, limit: int) -> tuple[list[Item], int]:
    """The oldest open incidents of this kind that the current transaction may see, and how many more there are."""
    found = [_item(row.SagaRow.subject_id, row) for row in queries.incidents(which, limit=limit)]
    return found, queries.how_many(which) - len(found)


def settle_each(items: Iterable[Item], decision: Decision, *, dry_run: bool = False) -> Iterator[Result]:
    """Settle each in a transaction of its own, whatever becomes of the others. Raises only when the database is gone.

    Who settles the same at the same time is told that it is not stuck; whatever an item has come to be stuck in since
    it was found is left alone.
    """
    act: Any = getattr(settle, decision.action)
    if decision.end:
        act = partial(act, end=decision.end)
    for item in items:
        if item.ref is None:
            yield Result(item, problem=item.problem)
            continue
        how = {"reason": decision.reason, "by": decision.by, "incident": item.incident_id, "dry_run": dry_run}
        try:
            yield Result(item, settled=act(item.ref, find, **how))
        except Exception as error:  # an ending's hook may raise anything, and the next saga may do without it
            if db.is_outage(error):
                raise
            yield Result(item, problem=_problem(error))


def _items(wanted: UUID) -> list[Item]:
    rows = queries.incidents_about(wanted)
    if rows:
        return [_item(wanted, row) for row in rows]
    try:
        saga = queries.by_id(wanted)[-1]
        return [Item(wanted, problem=_problem(NotStuck(f"saga {saga.id} is not stuck: it is {saga.state}")))]
    except NotFound as nothing:
        return [Item(wanted, problem=_problem(nothing))]


def _item(found_by: UUID, row: Any) -> Item:
    incident, saga = row.Incident, row.SagaRow
    return Item(found_by, Ref(saga.id, saga.company_id), saga.subject_id, saga.name, incident.step, incident.id)


def _problem(error: Exception) -> Problem:
    if isinstance(error, OrderXError):
        return Problem(error.code, error.message)
    return Problem(type(error).__name__, f"{type(error).__name__}: {error}")

"""The sagas' tasks: one per step that is a message of its own, one per undo, and the chord's body.

A task carries ids only, and never raises for business reasons: it records an outcome, and the journal decides. Those of
one kind and one company that a worker has at hand are performed together.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from uuid import UUID

from celery import Celery

from kit import crash
from kit.db import Json
from saga.engine import perform
from saga.engine.declaration import Step
from saga.engine.flow import ADVANCE
from saga.engine.journal import Ref
from saga.registry import STEPS, find
from workers.gathering import GatheredTask
from workers.patience import patiently

Work = Callable[[Sequence[Ref]], None]


def register(app: Celery) -> None:
    """Give the Celery app every saga task."""
    _task(app, ADVANCE, lambda refs: perform.advance(refs, find))
    for step in STEPS.values():
        _task(app, step.task, _taking(step))
        if step.undo_name:
            _task(app, step.undo_task, _undoing(step))


def _taking(step: Step) -> Work:
    return lambda refs: perform.take_step(refs, step.name, find)


def _undoing(step: Step) -> Work:
    return lambda refs: perform.take_undo(refs, step.name, find)


def _task(app: Celery, name: str, work: Work) -> None:
    @patiently
    def together(given: Sequence[Json]) -> None:
        crash.point("task.delivered")
        for refs in _by_company(given):
            work(refs)

    def alone(*, saga_id: str, company_id: str, order_id: str) -> None:
        together([{"saga_id": saga_id, "company_id": company_id, "order_id": order_id}])

    app.task(alone, name=name, base=GatheredTask, shared=False, together=staticmethod(together))


def _by_company(given: Sequence[Json]) -> list[list[Ref]]:
    refs: dict[UUID, list[Ref]] = defaultdict(list)
    for each in given:  # order_id is there for Flower's eyes
        ref = Ref(UUID(each["saga_id"]), UUID(each["company_id"]))
        refs[ref.company_id].append(ref)
    return list(refs.values())

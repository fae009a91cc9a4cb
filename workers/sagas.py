"""The sagas' tasks: one per step that is a message of its own, one per undo, and the chord's body.

A task carries ids only, and never raises for business reasons: it records an outcome, and the journal decides.
"""

from collections.abc import Callable
from uuid import UUID

from celery import Celery

from kit import crash
from saga.engine import perform
from saga.engine.declaration import Step
from saga.engine.flow import ADVANCE
from saga.engine.journal import Ref
from saga.registry import STEPS, find
from workers.patience import patiently


def register(app: Celery) -> None:
    """Give the Celery app every saga task."""
    _task(app, ADVANCE, lambda ref: perform.advance(ref, find))
    for step in STEPS.values():
        _task(app, step.task, _taking(step))
        if step.undo_name:
            _task(app, step.undo_task, _undoing(step))


def _taking(step: Step) -> Callable[[Ref], None]:
    return lambda ref: perform.take_step(ref, step.name, find)


def _undoing(step: Step) -> Callable[[Ref], None]:
    return lambda ref: perform.take_undo(ref, step.name, find)


def _task(app: Celery, name: str, work: Callable[[Ref], None]) -> None:
    @patiently
    def task(*, saga_id: str, company_id: str, order_id: str) -> None:  # noqa: ARG001 - order_id is for Flower's eyes
        crash.point("task.delivered")
        work(Ref(UUID(saga_id), UUID(company_id)))

    app.task(task, name=name, shared=False)

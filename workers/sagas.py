"""The sagas' tasks: one per step that is a message of its own, one per undo, and the chord's body.

A task carries ids only, and never raises for business reasons: it records an outcome, and the journal decides. What a
worker has at hand of one company is performed together; and one that takes chords' bodies, too, does what a body would
do as soon as it has a stage's last answer (docs/decisions/0027).
"""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from celery import Celery, Task

from kit.process import failpoints
from saga.engine import executor
from saga.engine.definition import Step
from saga.engine.locked_saga import SagaRef
from saga.engine.state_machine import ADVANCE
from saga.registry import STEPS, find
from workers import queues
from workers.gathering import Asked, GatheredTask, Work
from workers.patience import patiently


def register(app: Celery) -> None:
    """Give the Celery app every saga task."""
    steps = {step.task: step.name for step in STEPS.values()}

    @patiently
    def forward(asked: Sequence[Asked]) -> list[Asked]:
        takes_bodies = queues.queue_of(ADVANCE) in app.amqp.queues.consume_from
        return _forward(asked, steps, continue_inline=takes_bodies)

    @patiently
    def forward_alone(asked: Sequence[Asked]) -> None:
        _forward(asked, steps, continue_inline=asked[0].task == ADVANCE)

    for name in (ADVANCE, *steps):
        _task(app, name, together=forward, alone=forward_alone)
    for step in STEPS.values():
        if step.undo_name:
            undo = _undoing(step)
            _task(app, step.undo_task, together=undo, alone=undo)


def _forward(asked: Sequence[Asked], steps: dict[str, str], *, continue_inline: bool) -> list[Asked]:
    """Take the steps that are asked for; the chords' bodies that were run with them."""
    failpoints.hit("task.delivered")
    continued: list[SagaRef] = []
    for wanted in _by_company(asked):
        names = {ref: {steps[task] for task in tasks if task in steps} for ref, tasks in wanted.items()}
        continued += executor.take_steps(names, find, continue_inline=continue_inline)
    ids = {each.ids["saga_id"]: each.ids for each in asked}
    return [Asked(ADVANCE, ids[str(ref.saga_id)], ref.task_id(ADVANCE)) for ref in continued]


def _undoing(step: Step) -> Work:
    @patiently
    def undo(asked: Sequence[Asked]) -> None:
        failpoints.hit("task.delivered")
        for refs in _by_company(asked):
            executor.take_undo(list(refs), step.name, find)

    return undo


def _task(app: Celery, name: str, *, together: Work, alone: Work) -> None:
    def run(task: Task, *, saga_id: str, company_id: str, order_id: str) -> None:
        alone([Asked(name, {"saga_id": saga_id, "company_id": company_id, "order_id": order_id}, task.request.id)])

    app.task(run, name=name, base=GatheredTask, bind=True, shared=False, together=staticmethod(together))


def _by_company(asked: Sequence[Asked]) -> list[dict[SagaRef, set[str]]]:
    """For each company its sagas, and for each of these the tasks that are asked for."""
    companies: dict[UUID, dict[SagaRef, set[str]]] = defaultdict(lambda: defaultdict(set))
    for each in asked:  # order_id is there for Flower's eyes
        ref = SagaRef(UUID(each.ids["saga_id"]), UUID(each.ids["company_id"]))
        companies[ref.company_id][ref].add(each.task)
    return list(companies.values())

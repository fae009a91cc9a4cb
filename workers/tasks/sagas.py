"""The Celery tasks of sagas: one for each step and each undo, and `saga.advance`, the body of the chords.

A task takes ids only. It never raises for a business failure: it records an outcome, and the journal decides what
follows. A worker runs its messages of one company together. A worker that also takes chord
bodies continues inline: when a stage has its last answer, the worker does at once what the chord's body would do
(docs/decisions/0027).
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from functools import partial
from uuid import UUID

from celery import Celery, Task

from kit.db import Json
from kit.process import failpoints
from saga.engine import executor, unknown_versions
from saga.engine.errors import UnknownVersion
from saga.engine.locked_saga import SagaRef
from saga.engine.state_machine import ADVANCE
from saga.registry import STEPS, find
from workers import queues
from workers.celery_internals.batching import BatchTask, RunBatch, TaskCall
from workers.outages import retry_on_outage
from workers.tasks.unknown_tasks import returned_task_body

_STEP_NAMES = {step.task: step.name for step in STEPS.values()}


def register(app: Celery) -> None:
    """Register every saga task with the Celery app."""
    run_batch = retry_on_outage(partial(_run_steps, app=app))
    run_single = retry_on_outage(partial(_run_steps, app=None))
    for task in (ADVANCE, *_STEP_NAMES):
        _register(app, task, run_batch=run_batch, run_single=run_single)
    for step in STEPS.values():
        if step.undo_name:
            run_undo = retry_on_outage(partial(_run_undo, step_name=step.name))
            _register(app, step.undo_task, run_batch=run_undo, run_single=run_undo)


def _run_steps(calls: Sequence[TaskCall], *, app: Celery | None) -> list[TaskCall]:
    """Run the steps of these calls. Returns the chord bodies that were run inline.

    `app` is the app of a worker that runs batches. It is None in a process of a pool, where each message runs alone,
    and only a chord body continues its saga.
    """
    failpoints.hit("task.delivered")
    takes_bodies = queues.queue_of(ADVANCE) in app.amqp.queues.consume_from if app else calls[0].task == ADVANCE
    continued: list[SagaRef] = []
    unknown: set[UUID] = set()
    for tasks_by_saga in _by_company(calls):
        steps = {
            ref: {_STEP_NAMES[task] for task in tasks if task in _STEP_NAMES} for ref, tasks in tasks_by_saga.items()
        }
        try:
            continued += executor.run_steps(steps, find, continue_inline=takes_bodies)
        except UnknownVersion as error:
            unknown |= error.saga_ids
            known = {ref: names for ref, names in steps.items() if ref.saga_id not in unknown}
            continued += executor.run_steps(known, find, continue_inline=takes_bodies) if known else []
    _put_back(calls, unknown)
    kwargs = {call.kwargs["saga_id"]: call.kwargs for call in calls}
    return [TaskCall(ADVANCE, kwargs[str(ref.saga_id)], ref.task_id(ADVANCE)) for ref in continued]


def _run_undo(calls: Sequence[TaskCall], *, step_name: str) -> None:
    failpoints.hit("task.delivered")
    unknown: set[UUID] = set()
    for refs in _by_company(calls):
        try:
            executor.run_undo(list(refs), step_name, find)
        except UnknownVersion as error:
            unknown |= error.saga_ids
            known = [ref for ref in refs if ref.saga_id not in unknown]
            if known:
                executor.run_undo(known, step_name, find)
    _put_back(calls, unknown)


def _put_back(calls: Sequence[TaskCall], unknown: Collection[UUID]) -> None:
    """Put the calls about these sagas back into the outbox, for a worker of another release.

    This is the last that a batch does: if one of its sagas fails, the calls run one by one, and none was put back.
    """
    tasks: dict[UUID, list[Json]] = defaultdict(list)
    for call in calls:
        ref = _ref(call)
        if ref.saga_id in unknown:
            tasks[ref.company_id].append(returned_task_body(*call))
    for company_id, of_company in tasks.items():
        unknown_versions.put_back(of_company, find, company_id=company_id)


def _register(app: Celery, name: str, *, run_batch: RunBatch, run_single: RunBatch) -> None:
    def run(task: Task, *, saga_id: str, company_id: str, subject_id: str) -> None:
        kwargs = {"saga_id": saga_id, "company_id": company_id, "subject_id": subject_id}
        run_single([TaskCall(name, kwargs, task.request.id)])

    app.task(run, name=name, base=BatchTask, bind=True, shared=False, run_batch=staticmethod(run_batch))


def _by_company(calls: Sequence[TaskCall]) -> list[dict[SagaRef, set[str]]]:
    """For each company, the names of the called tasks by saga."""
    companies: dict[UUID, dict[SagaRef, set[str]]] = defaultdict(lambda: defaultdict(set))
    for call in calls:  # subject_id is an argument only so that Flower shows it
        ref = _ref(call)
        companies[ref.company_id][ref].add(call.task)
    return list(companies.values())


def _ref(call: TaskCall) -> SagaRef:
    return SagaRef(UUID(call.kwargs["saga_id"]), UUID(call.kwargs["company_id"]))

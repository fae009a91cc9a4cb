"""The Celery tasks of sagas: one for each step and each undo, and `saga.advance`, the body of the chords.

A task takes ids only. It never raises for a business failure: it records an outcome, and the journal decides what
follows. A worker runs its messages of one company together, and goes on with others while external calls take long
(docs/decisions/0058). A worker that also takes chord bodies continues inline: when a stage has its last answer, the
worker does at once what the chord's body would do (docs/decisions/0027).
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property, partial
from uuid import UUID

from celery import Celery, Task

from kit.db import Json
from kit.process import failpoints
from saga.engine import executor, unknown_versions
from saga.engine.calls_under_way import WINDOW
from saga.engine.errors import UnknownVersion
from saga.engine.locked_saga import SagaRef
from saga.engine.state_machine import ADVANCE
from saga.registry import STEPS, find
from workers import queues
from workers.celery_internals.batch_runner import RunBatch, TaskCall
from workers.celery_internals.batching import BatchTask
from workers.outages import retry_on_outage
from workers.tasks.unknown_tasks import returned_task_body

_STEP_NAMES = {step.task: step.name for step in STEPS.values()}


RunSteps = Callable[[Mapping[SagaRef, Collection[str]]], list[SagaRef]]
RunUndo = Callable[[Sequence[SagaRef], str], object]


def register(app: Celery) -> None:
    """Register every saga task with the Celery app."""
    work = SagaWork(app)
    run_batch, run_single = retry_on_outage(work.run_steps), retry_on_outage(_run_single)
    for task in (ADVANCE, *_STEP_NAMES):
        _register(app, task, work, run_batch=run_batch, run_single=run_single)
    for step in STEPS.values():
        if step.undo_name:
            undo_batch = retry_on_outage(partial(work.run_undo, step_name=step.name))
            undo_single = retry_on_outage(partial(_undo_single, step_name=step.name))
            _register(app, step.undo_task, work, run_batch=undo_batch, run_single=undo_single)


class SagaWork:
    """The saga tasks of a worker without a pool, which goes on with each saga when its external call is answered."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._calls: dict[SagaRef, TaskCall] = {}
        """A call about each saga that was under way after its batch."""
        self.wake: Callable[[], None] = lambda: None

    @cached_property
    def _executor(self) -> executor.Executor:
        takes_bodies = queues.queue_of(ADVANCE) in self._app.amqp.queues.consume_from
        return executor.Executor(
            find,
            continue_inline=takes_bodies,
            window=WINDOW,
            on_late_answer=lambda: self.wake(),  # noqa: PLW0108
        )

    def run_steps(self, calls: Sequence[TaskCall]) -> list[TaskCall]:
        """Run the steps of these calls. Returns the chord bodies that were run inline."""
        return self._bodies(_run_steps(calls, self._executor.run_steps), calls)

    def run_undo(self, calls: Sequence[TaskCall], *, step_name: str) -> None:
        """Run the undos of these calls."""
        _run_undo(calls, self._executor.run_undo, step_name=step_name)
        self._bodies([], calls)

    def is_under_way(self, call: TaskCall) -> bool:
        """Whether the call's saga waits for an answer from outside."""
        return self._executor.is_under_way(_ref(call))

    def go_on(self) -> list[TaskCall]:
        """Record the answers that have come. Returns the chord bodies that were run inline."""
        return self._bodies(retry_on_outage(self._executor.record_answers)(), ())

    def _bodies(self, continued: Sequence[SagaRef], calls: Sequence[TaskCall]) -> list[TaskCall]:
        of_saga = {**self._calls, **{_ref(call): call for call in calls}}
        self._calls = {ref: call for ref, call in of_saga.items() if self._executor.is_under_way(ref)}
        return [TaskCall(ADVANCE, of_saga[ref].kwargs, ref.task_id(ADVANCE)) for ref in continued if ref in of_saga]


def _run_single(calls: Sequence[TaskCall]) -> None:
    """Run a call in a process of a pool, where only a chord body continues its saga."""
    is_body = calls[0].task == ADVANCE
    _run_steps(calls, lambda steps: executor.run_steps(steps, find, continue_inline=is_body))


def _undo_single(calls: Sequence[TaskCall], *, step_name: str) -> None:
    _run_undo(calls, lambda refs, name: executor.run_undo(refs, name, find), step_name=step_name)


def _run_steps(calls: Sequence[TaskCall], run: RunSteps) -> list[SagaRef]:
    """Run the steps of these calls. Returns the sagas that were continued inline."""
    failpoints.hit("task.delivered")
    continued: list[SagaRef] = []
    unknown: set[UUID] = set()
    for tasks_by_saga in _by_company(calls):
        steps = {
            ref: {_STEP_NAMES[task] for task in tasks if task in _STEP_NAMES} for ref, tasks in tasks_by_saga.items()
        }
        try:
            continued += run(steps)
        except UnknownVersion as error:
            unknown |= error.saga_ids
            known = {ref: names for ref, names in steps.items() if ref.saga_id not in unknown}
            continued += run(known) if known else []
    _put_back(calls, unknown)
    return continued


def _run_undo(calls: Sequence[TaskCall], run: RunUndo, *, step_name: str) -> None:
    failpoints.hit("task.delivered")
    unknown: set[UUID] = set()
    for refs in _by_company(calls):
        try:
            run(list(refs), step_name)
        except UnknownVersion as error:
            unknown |= error.saga_ids
            known = [ref for ref in refs if ref.saga_id not in unknown]
            if known:
                run(known, step_name)
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


def _register(app: Celery, name: str, work: SagaWork, *, run_batch: RunBatch, run_single: RunBatch) -> None:
    def run(task: Task, *, saga_id: str, company_id: str, subject_id: str) -> None:
        kwargs = {"saga_id": saga_id, "company_id": company_id, "subject_id": subject_id}
        run_single([TaskCall(name, kwargs, task.request.id)])

    app.task(run, name=name, base=BatchTask, bind=True, shared=False, run_batch=staticmethod(run_batch), work=work)


def _by_company(calls: Sequence[TaskCall]) -> list[dict[SagaRef, set[str]]]:
    """For each company, the names of the called tasks by saga."""
    companies: dict[UUID, dict[SagaRef, set[str]]] = defaultdict(lambda: defaultdict(set))
    for call in calls:  # subject_id is an argument only so that Flower shows it
        ref = _ref(call)
        companies[ref.company_id][ref].add(call.task)
    return list(companies.values())


def _ref(call: TaskCall) -> SagaRef:
    return SagaRef(UUID(call.kwargs["saga_id"]), UUID(call.kwargs["company_id"]))

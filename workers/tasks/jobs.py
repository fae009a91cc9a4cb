"""The Celery task that works on a slice of a job."""

from collections.abc import Sequence
from uuid import UUID

from celery import Celery, Task

from domain import areas
from kit.jobs import rows, slices
from kit.jobs.slices import Slice
from workers import jobs
from workers.celery_internals.batch_runner import TaskCall
from workers.celery_internals.batching import BatchTask
from workers.outages import retry_on_outage


def register(app: Celery) -> None:
    """Register the task with the Celery app."""
    areas.register()  # jobs use what the areas declare
    declared = jobs.declared()

    @retry_on_outage
    def run_batch(calls: Sequence[TaskCall]) -> None:
        for call in calls:
            slices.work(declared, _slice(**call.kwargs))

    def run_job_slice(task: Task, **ids: str) -> None:
        run_batch([TaskCall(task.name, ids, task.request.id)])

    app.task(
        run_job_slice, name=rows.TASK, base=BatchTask, bind=True, shared=False, run_batch=staticmethod(run_batch)
    )  # fmt: skip


def _slice(*, job_id: str, slice: str, company_id: str | None = None) -> Slice:  # noqa: A002 - the message's field
    return Slice(UUID(job_id), UUID(company_id) if company_id else None, int(slice))

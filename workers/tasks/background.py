"""The Celery task that runs a schedule."""

import time
from collections.abc import Mapping, Sequence
from uuid import UUID

import structlog
from celery import Celery, Task
from prometheus_client import Counter, Histogram

from kit import clock, db
from kit.errors import OrderXError
from kit.messaging import causation
from kit.process import failpoints, heartbeat
from kit.schedules import Schedule, runs
from workers import log_context, schedules
from workers.celery_internals.batch_runner import TaskCall
from workers.celery_internals.batching import BatchTask
from workers.outages import retry_on_outage

RUNS = Counter("orderx_schedule_runs", "Runs of schedules that have ended", ["schedule", "outcome"])
RUN_SECONDS = Histogram("orderx_schedule_run_duration_seconds", "Duration of the runs of schedules", ["schedule"])

MAX_ERRORS_NAMED = 3
"""Errors of a group that are named."""

log = structlog.get_logger()


def register(app: Celery) -> None:
    """Register the task with the Celery app."""
    declared = schedules.declared()

    @retry_on_outage
    def run_batch(calls: Sequence[TaskCall]) -> None:
        for call in calls:
            run(declared, call.kwargs["schedule"], UUID(call.kwargs["run_id"]))

    def run_schedule(task: Task, **ids: str) -> None:
        run_batch([TaskCall(task.name, ids, task.request.id)])

    app.task(
        run_schedule, name=runs.TASK, base=BatchTask, bind=True, shared=False, run_batch=staticmethod(run_batch)
    )  # fmt: skip


def run(declared: Mapping[str, Schedule[object]], name: str, run_id: UUID) -> None:
    """Run the schedule and record the outcome, unless another process has this run, or it was claimed again.

    Raises only outages of the database; a statement's timeout is a failure of the run. A schedule that this release
    does not know is left to be claimed again.
    """
    if name not in declared:
        log.warning("schedule unknown to this release", schedule=name)
        return
    if not runs.start(name, run_id, now=clock.now()):
        log.info("schedule run belongs to another process", schedule=name, run_id=str(run_id))
        return
    failpoints.hit("schedule.started")
    begun = time.monotonic()
    with (
        heartbeat.also_calling(_LeaseRenewal(name, run_id).renew_if_due),
        causation.schedule_run(run_id),
        log_context.bound(trace_id=run_id.hex),
    ):
        error = _error_of(declared[name])
    failpoints.hit("schedule.acted")
    if runs.finish(name, run_id, now=clock.now(), error=error):
        RUNS.labels(name, "failed" if error else "succeeded").inc()
        RUN_SECONDS.labels(name).observe(time.monotonic() - begun)


class _LeaseRenewal:
    """Renews the lease of a run that takes long, at the heartbeats of its work."""

    def __init__(self, name: str, run_id: UUID) -> None:
        self._name, self._run_id = name, run_id
        self._renewed_at = time.monotonic()

    def renew_if_due(self) -> None:
        """Renew the lease, at most every RENEW_AFTER."""
        if time.monotonic() - self._renewed_at >= runs.RENEW_AFTER.total_seconds():
            runs.renew(self._name, self._run_id, now=clock.now())
            self._renewed_at = time.monotonic()


def _error_of(schedule: Schedule[object]) -> str | None:
    """Call the schedule; returns a description of its error. The log has the rest, which may contain personal data."""
    try:
        schedule(now=clock.now())
    except Exception as error:
        if db.is_unavailable(error):
            raise
        log.exception("schedule failed", schedule=schedule.name)
        return _description(error)
    return None


def _description(error: Exception) -> str:
    """Our own messages, and the types of other errors; of a group, its message and its first errors."""
    if isinstance(error, ExceptionGroup):
        first = [_description(each) for each in error.exceptions[:MAX_ERRORS_NAMED]]
        more = len(error.exceptions) - len(first)
        return f"{error.message}: {'; '.join([*first, *([f'{more} more'] if more else [])])}"
    return f"{type(error).__name__}: {error.message}" if isinstance(error, OrderXError) else type(error).__name__

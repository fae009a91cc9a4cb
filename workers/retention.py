"""Deletes expired rows: a batch of each table every ten minutes, and where that is not enough, the rest by a job."""

from datetime import datetime
from functools import partial

from domain import areas
from kit import alerts, db
from kit.db.retention import Retention, delete_batch
from kit.jobs import Call, Progress, job, rows
from kit.messaging import kept_events, outbox
from kit.process.outages import run_each
from kit.schedules import every, schedule
from saga.engine import retention as journals


def rules() -> dict[str, Retention]:
    """The retention rule of each table that has one: those of the areas, of the journals and of the platform."""
    modules = (alerts, outbox, rows, journals, *areas.modules("domain", "retention"))
    return {rule.table: rule for module in modules for rule in module.RETENTION_RULES}


@schedule(every(minutes=10))
def delete_expired_rows(*, now: datetime) -> None:
    """Delete a batch of each table's expired rows. A table whose rule fails stops no other; the run fails, then."""
    errors = run_each(*(partial(_delete_first_batch, rule, now) for rule in rules().values()))
    if errors:
        raise ExceptionGroup("some expired rows are not deleted", errors)


def _delete_first_batch(rule: Retention, now: datetime) -> None:
    """Delete a batch; start a job for the rest, unless one is running or has failed and waits for an operator."""
    with db.operator_transaction():
        _, position = delete_batch(rule, {}, now=now)
        if position and not rows.has_failed(delete_expired_backlog, key=rule.table):
            rows.start(delete_expired_backlog, now=now, key=rule.table, arguments={"table": rule.table})


@job
def delete_expired_backlog(call: Call) -> Progress:
    """Delete the next batch of a table's expired rows."""
    deleted, reached = delete_batch(rules()[call.arguments["table"]], call.position, now=call.now)
    return Progress(reached, items=deleted)


@schedule(every(minutes=10))
def rotate_event_partitions(*, now: datetime) -> None:
    """Create the partitions of kept events ahead, and drop those that have expired."""
    del now
    kept_events.rotate_partitions()

"""The jobs of the area sales."""

from datetime import datetime
from uuid import UUID

from domain.sales import order_export
from kit.ids import first_at
from kit.jobs import Call, Progress, job, results, rows
from kit.jobs.rows import JobRunning

BATCH_SIZE = 1000
"""Orders per call."""

_FIRST = str(UUID(int=0))


@job
def export_orders(call: Call) -> Progress:
    """Export the next orders of the company, as a part of the job's result."""
    assert call.company_id
    after, part = call.position.get("after", _FIRST), call.position.get("part", 0)
    found = order_export.next_rows(
        company_id=call.company_id, after=UUID(after), before=UUID(call.arguments["before"]), limit=BATCH_SIZE
    )
    content = order_export.as_csv(found, with_header=part == 0)
    results.add(job_id=call.job_id, company_id=call.company_id, part=part, content=content)
    is_last = len(found) < BATCH_SIZE
    return Progress(None if is_last else {"after": str(found[-1][0]), "part": part + 1}, items=len(found))


def start_order_export(*, company_id: UUID, now: datetime) -> UUID:
    """Start to export all orders that the company has now; returns the job's id.

    Raises JobRunning while another export of the company is running.
    """
    arguments = {"before": str(first_at(now))}
    job_id = rows.start(export_orders, now=now, company_id=company_id, key="all", arguments=arguments)
    if job_id is None:
        raise JobRunning("An export of orders is running. Wait until it has ended.")
    return job_id

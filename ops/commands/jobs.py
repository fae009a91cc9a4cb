"""`orderx jobs`: long work and how far it is."""
# ruff: noqa: PLC0415 - each command imports its modules when it runs, so that `--help` is fast

from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import typer

from ops.commands.output import Json, Limit, print_line, print_rows

if TYPE_CHECKING:
    from kit.jobs.rows import JobRow

app = typer.Typer(help="List long-running jobs, cancel them, or retry failed ones.", invoke_without_command=True)

State = Annotated[
    Literal["running", "succeeded", "failed", "cancelled"] | None, typer.Option(help="Only jobs in this state.")
]
JobId = Annotated[UUID, typer.Argument(help="Id of the job.")]


@app.callback()
def list_jobs(
    context: typer.Context,
    state: State = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List the newest jobs."""
    if context.invoked_subcommand:
        return
    from kit import db
    from kit.jobs import rows

    with db.operator_transaction():
        found = rows.newest(limit=limit, state=state)
    print_rows("jobs", found, row=_as_json, line=_line, as_json=as_json)


@app.command("cancel")
def cancel(job_id: JobId) -> None:
    """End a running or failed job. What it has done stays."""
    from kit import clock
    from kit.jobs import rows

    rows.cancel(job_id, now=clock.now())
    print_line(f"{job_id}: cancelled")


@app.command("retry")
def retry(job_id: JobId) -> None:
    """Continue a failed job where it stopped."""
    from kit import clock
    from kit.jobs import rows

    rows.retry(job_id, now=clock.now())
    print_line(f"{job_id}: sent to the workers")


def _as_json(row: "JobRow") -> dict[str, Any]:
    fields = ("id", "name", "company_id", "arguments", "state", "items", "failures", "error", "started_at", "ended_at")
    return {name: getattr(row, name) for name in fields}


def _line(row: "JobRow") -> str:
    arguments = "".join(f" {name}={value}" for name, value in row.arguments.items())
    error = f", {row.failures} failures: {row.error}" if row.error else ""
    since = f"{row.started_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"{row.id}  {row.name}{arguments}: {row.state}, {row.items} items{error}, started {since}"

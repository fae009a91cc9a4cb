"""`orderx schedules`: what runs by the clock, and how it went."""
# ruff: noqa: PLC0415 - each command imports its modules when it runs, so that `--help` is fast

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.commands.output import Json, print_json, print_line, print_rows

if TYPE_CHECKING:
    from kit.schedules.runs import ScheduleRow

app = typer.Typer(help="List the schedules with their last and next run, or run one now.", invoke_without_command=True)


@app.callback()
def list_schedules(context: typer.Context, as_json: Json = False) -> None:
    """List the schedules with their last and next run."""
    if context.invoked_subcommand:
        return
    from kit import db
    from kit.schedules import runs

    with db.operator_transaction():
        rows = runs.all_rows()
    print_rows("schedules", rows, row=_as_json, line=_line, as_json=as_json)


@app.command("run")
def run(name: Annotated[str, typer.Argument(help="Name of the schedule.")], as_json: Json = False) -> None:
    """Run a schedule now, by sending its task to the workers. Its next run stays at its time."""
    from kit import clock
    from kit.schedules import runs

    run_id = runs.run_now(name, now=clock.now())
    if as_json:
        print_json({"schedule": name, "run_id": run_id})
    else:
        print_line(f"{name}: sent to the workers; `orderx schedules` shows the outcome")


def _as_json(row: "ScheduleRow") -> dict[str, Any]:
    return {
        "name": row.name, "timing": row.timing, "state": _state(row), "next_run_at": row.next_run_at,
        "started_at": row.started_at, "last_run_at": row.last_run_at,
        "last_duration_seconds": row.last_duration.total_seconds() if row.last_duration is not None else None,
        "outcome": row.outcome, "error": row.error, "failures": row.failures,
    }  # fmt: skip


def _line(row: "ScheduleRow") -> str:
    outcome = f"failed {row.failures} times: {row.error}" if row.error else row.outcome
    took = f"{row.last_duration.total_seconds():.2f} s" if row.last_duration is not None else ""
    last = f"{outcome} at {_in_utc(row.last_run_at)} in {took}" if row.last_run_at else "has not run yet"
    now = "" if _state(row) == "waiting" else f", {_state(row)}"
    return f"{row.name}  {row.timing}, next at {_in_utc(row.next_run_at)}: {last}{now}"


def _state(row: "ScheduleRow") -> str:
    """`waiting` for its next run, `sent` to the workers, or `running`."""
    if row.run_id is None:
        return "waiting"
    return "running" if row.started_at else "sent"


def _in_utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"

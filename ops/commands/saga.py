"""`orderx saga`: shows sagas and their journal; see also `incident_actions`, `saga_definitions`, `saga_signal`."""
# ruff: noqa: PLC0415 - each command imports its modules when it runs, so that `--help` is fast

from collections.abc import Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from ops.commands import incident_actions, saga_definitions, saga_signal
from ops.commands.incident_options import Company, SagaName, Step
from ops.commands.output import Json, Limit, not_blank, print_json, print_line, table

if TYPE_CHECKING:
    from domain.sales.queries import OrderOutcome
    from saga.engine.queries import AwaitedSignal, Timeline

app = typer.Typer(help="Show sagas, and resolve stuck ones.", no_args_is_help=True)
app.add_typer(incident_actions.app)
app.add_typer(saga_definitions.app)
app.add_typer(saga_signal.app)


@app.command("list")
def list_sagas(
    *,
    state: Annotated[
        str | None,
        typer.Option(help="Only sagas in this state: running, waiting, finishing, done, compensating, undone, stuck."),
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only sagas with this tag, as name=value; repeatable.")] = None,
    stuck: Annotated[bool, typer.Option("--stuck", help="Only stuck sagas, with the reason.")] = False,
    reason: Annotated[
        str | None, typer.Option(help="With --stuck: only sagas with this error code.", callback=not_blank)
    ] = None,
    step: Step = None,
    saga: SagaName = None,
    company: Company = None,
    limit: Limit = 20,
    as_json: Json = False,
) -> None:
    """List sagas, newest first; with --stuck oldest first, with the step and the reason."""
    from kit import db
    from saga.engine import queries
    from saga.engine.models import STATES

    if stuck:
        from ops.commands.incident_list import print_incidents

        if state or tag:
            raise typer.BadParameter("--stuck can be combined only with --reason, --step, --saga and --company")
        print_incidents(step=step, error=reason, saga=saga, company=company, limit=limit, as_json=as_json)
        return
    if reason or step or saga or company:
        raise typer.BadParameter("--reason, --step, --saga and --company need --stuck")
    if state is not None and state not in STATES:
        raise typer.BadParameter(f"there is no state {state}; there are {', '.join(STATES)}", param_hint="'--state'")

    tags = _tags(tag or [])
    with db.operator_transaction():
        found = queries.list_sagas(limit=limit, state=state, tags=tags)
        awaited = queries.awaited_signals(found)
    shown = ("id", "name", "subject_id", "state", "started_at", "ended_at", "failure")
    rows = [
        {**{name: getattr(each, name) for name in shown}, "waiting_for": _as_row(awaited.get(each.id))}
        for each in found
    ]
    if as_json:
        print_json(rows)
        return
    cells = [
        (
            *(str(row[name]) for name in ("subject_id", "name")),
            _state(row["state"], awaited.get(row["id"])),
            f"{row['started_at']:%Y-%m-%d %H:%M:%S}",
            (row["failure"] or {}).get("code", ""),
        )
        for row in rows
    ]
    table("sagas", ("about", "saga", "state", "started (UTC)", "failure"), cells)


@app.command("show")
def show_saga(
    saga_or_order: Annotated[UUID, typer.Argument(help="The id of the saga, or of its subject, such as an order.")],
    as_json: Json = False,
) -> None:
    """Show a saga's timeline: each step with its attempts, times, outcome and undo, and the open incident."""
    from kit import db
    from saga.engine import queries

    with db.operator_transaction():
        timelines = [queries.timeline(saga) for saga in queries.by_saga_or_subject_id(saga_or_order)]
        order = _order_about(timelines[0].saga.subject_id)
    if as_json:
        for timeline in timelines:
            print_json(_as_json(timeline) | {"order": order and {"status": order.status, "failure": order.failure}})
        return
    if order:
        print_line(f"order {order.id}: {order.status}{_code_of(order.failure)}")
    for timeline in timelines:
        print_timeline(timeline)


def print_timeline(timeline: "Timeline") -> None:
    """Print a saga's steps as a table, followed by the signals without effect and by its open incident."""
    saga, start = timeline.saga, timeline.saga.started_at
    rows = [
        (
            step.step,
            timeline.state_of(step),
            str(step.attempts),
            _after(start, step.answered_at),
            _after(start, step.undone_at),
            _joined_values(step.error or step.outcome),
        )
        for step in timeline.steps
    ]
    state = f"{_state(saga.state, timeline.awaited)}{_code_of(saga.failure)}"
    title = f"saga {saga.name} of {saga.subject_id}: {state} after {_after(start, saga.ended_at) or '...'}"
    table(title, ("step", "state", "tries", "answered", "undone", "result"), rows)
    _print_ignored_signals(timeline)
    stuck = timeline.incident
    if stuck:
        print_line(
            f"stuck in {stuck.step} ({stuck.phase}) since {stuck.opened_at:%Y-%m-%d %H:%M:%S} UTC; "
            f"attempts: {stuck.attempts}, {_joined_values(stuck.error)}"
        )


def _print_ignored_signals(timeline: "Timeline") -> None:
    for each in timeline.signals:
        if each.result != "accepted":
            print_line(
                f"{each.result} signal {each.signal} at {each.received_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC "
                f"from {each.sent_by}: {_joined_values(each.payload)}"
            )


def _order_about(subject_id: UUID) -> "OrderOutcome | None":
    """The order with this id; None when the subject is something else."""
    from domain.sales import queries
    from domain.sales.errors import OrderNotFound

    try:
        return queries.outcome(order_id=subject_id)
    except OrderNotFound:
        return None


def _code_of(failure: Mapping[str, Any] | None) -> str:
    return f" ({failure['code']})" if failure else ""


def _state(state: str, awaited: "AwaitedSignal | None") -> str:
    """The state, and what the saga is waiting for: `waiting for payment.confirmed until 2026-11-30 09:00:00 UTC`."""
    if awaited is None:
        return state
    return f"{state} for {awaited.signal} until {awaited.until.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _as_row(awaited: "AwaitedSignal | None") -> dict[str, Any] | None:
    return awaited and awaited._asdict()


def _after(start: Any, then: Any) -> str:
    return f"{(then - start).total_seconds() * 1000:.0f} ms" if then else ""


def _joined_values(value: dict[str, Any] | None) -> str:
    return ", ".join(str(part) for part in (value or {}).values() if part)


def _as_json(timeline: "Timeline") -> dict[str, Any]:
    def row(of: Any) -> dict[str, Any]:
        return {column.name: getattr(of, column.name) for column in of.__table__.columns}

    return {
        **row(timeline.saga),
        "waiting_for": _as_row(timeline.awaited),
        "steps": [{**row(step), "state": timeline.state_of(step)} for step in timeline.steps],
        "events": [event._asdict() for event in timeline.events],
        "signals": [row(each) for each in timeline.signals],
        "incident": row(timeline.incident) if timeline.incident else None,
    }


def _tags(options: list[str]) -> dict[str, str]:
    pairs = [tag.partition("=") for tag in options]
    if not all(name and value for name, _, value in pairs):
        raise typer.BadParameter("write a tag as name=value", param_hint="'--tag'")
    return {name: value for name, _, value in pairs}

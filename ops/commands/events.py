"""`orderx events`: the catalogue of events, and the replay of kept events."""
# ruff: noqa: PLC0415 - each command imports its modules when it runs, so that `--help` is fast

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Annotated, Literal

import typer

from ops.commands.output import Json, print_json, print_line, refuse_json_with, table
from ops.commands.times import past_time, require_later

app = typer.Typer(help="List all events: what they contain, and who reacts to them.", invoke_without_command=True)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: an event, what happened, the fields of its payload and the reactions to it."""

    event: str
    area: str
    summary: str
    payload: list[str]
    reactions: list[str]


@app.callback()
def list_events(
    context: typer.Context,
    form: Annotated[
        Literal["table", "asyncapi", "markdown"],
        typer.Option("--format", help="A table, the AsyncAPI 3.0 document, or the table of docs/events.md."),
    ] = "table",
    as_json: Json = False,
) -> None:
    """List all events: what they contain, and who reacts to them."""
    if context.invoked_subcommand is not None:
        return
    refuse_json_with(form, as_json=as_json)
    if form == "asyncapi":
        from api.http import asyncapi

        print_json(asyncapi.document())
    elif form == "markdown":
        print(markdown())
    elif as_json:
        print_json([{name: getattr(row, name) for name in Row.__slots__} for row in rows()])
    else:
        lines = [(row.event, row.area, ", ".join(row.payload), ", ".join(row.reactions)) for row in rows()]
        table("Events", ("event", "area", "payload", "reactions"), lines)


@app.command("replay")
def replay_events(
    consumer: Annotated[str, typer.Option(help="The consumer to serve, notification.events for example.")],
    since: Annotated[
        datetime, typer.Option(help="Events published since this time (UTC).", parser=past_time, metavar="TIME")
    ],
    until: Annotated[
        datetime | None,
        typer.Option(help="Events published before (UTC).", show_default="now", parser=past_time, metavar="TIME"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count the events that would be processed.")] = False,
    as_json: Json = False,
) -> None:
    """Process the kept events that a consumer has missed; exit 1 if one fails. What it has processed is skipped."""
    from kit import clock
    from workers.events.replay import Progress, replay

    require_later(until, than=since, option="--until")
    progress = Progress()
    for progress in replay(consumer, since=since, until=until or clock.now(), dry_run=dry_run):
        if not as_json:
            print_line(
                f"until {progress.until:%Y-%m-%d %H:%M:%S} UTC: read {progress.read}, "
                f"{'to process' if dry_run else 'processed'} {progress.processed}, "
                f"skipped {progress.skipped}, failed {progress.failed}"
            )
    if as_json:
        print_json(asdict(progress))
    if progress.failed:
        raise typer.Exit(1)


def rows() -> Iterator[Row]:
    """A row for each event, in the order of the areas."""
    from saga.reactions.event_catalogue import catalogue
    from saga.reactions.table import REACTIONS

    for name, entry in catalogue().items():
        payload = [field.name for field in fields(entry.event.payload)]
        reactions = [
            f"{consumer}: {handlers[name].__name__}" for consumer, handlers in REACTIONS.items() if name in handlers
        ]
        yield Row(name, entry.area, entry.event.summary, payload, reactions)


def markdown() -> str:
    """The table of docs/events.md."""
    lines = ["| event | area | what happened | payload | reactions |", "|---|---|---|---|---|"]
    for row in rows():
        payload = ", ".join(f"`{field}`" for field in row.payload)
        reactions = ", ".join(f"`{reaction}`" for reaction in row.reactions)
        lines.append(f"| `{row.event}` | {row.area} | {row.summary} | {payload} | {reactions} |")
    return "\n".join(lines)

"""`orderx events`: the catalogue of events."""
# ruff: noqa: PLC0415 - each command imports its modules when it runs, so that `--help` is fast

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Annotated, Literal, get_type_hints

import typer

from ops.commands.output import Json, print_json, table

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
    if form == "asyncapi":
        from api.http import asyncapi

        print(json.dumps(asyncapi.document(), indent=2))
    elif form == "markdown":
        print(markdown())
    elif as_json:
        print_json([{name: getattr(row, name) for name in Row.__slots__} for row in rows()])
    else:
        lines = [(row.event, row.area, ", ".join(row.payload), ", ".join(row.reactions)) for row in rows()]
        table("Events", ("event", "area", "payload", "reactions"), lines)


def rows() -> Iterator[Row]:
    """A row for each event, in the order of the areas. Personal fields end in `*`."""
    from kit.messaging.events import Personal
    from saga.event_catalogue import catalogue
    from saga.reactions.table import REACTIONS

    for name, entry in catalogue().items():
        types = get_type_hints(entry.event.payload, include_extras=True)
        payload = [
            field.name + ("*" if Personal in getattr(types[field.name], "__metadata__", ()) else "")
            for field in fields(entry.event.payload)
        ]
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

"""`orderx dead`: the dead letter queue."""
# ruff: noqa: PLC0415 - each command imports its modules when it runs, so that `--help` is fast

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ops.commands.output import Json, Limit, console, print_rows

if TYPE_CHECKING:
    from workers.events.dead_letters import DeadLetter

app = typer.Typer(help="List, resend or delete messages that could not be processed.", no_args_is_help=True)


@app.command("list")
def list_dead(
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List dead letters, the oldest first."""
    from workers.events.dead_letters import list_dead_letters

    letters = list_dead_letters(limit=limit)
    _show(letters, "dead letters", as_json=as_json)
    if len(letters) == limit and not as_json:
        console.print("there may be more: see --limit")


@app.command("replay")
def replay_dead(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids of the messages; default: all.")] = None,
    as_json: Json = False,
) -> None:
    """Send dead letters back to their original queues."""
    from workers.events.dead_letters import replay

    _show(replay(ids=set(ids) if ids else None), "sent again", as_json=as_json)


@app.command("discard")
def discard_dead(
    ids: Annotated[list[str], typer.Argument(help="Ids of the messages.")],
    as_json: Json = False,
) -> None:
    """Delete dead letters permanently."""
    from workers.events.dead_letters import discard

    _show(discard(set(ids)), "discarded", as_json=as_json)


def _show(letters: "list[DeadLetter]", title: str, *, as_json: bool) -> None:
    print_rows(title, letters, row=asdict, line=_line, as_json=as_json)


def _line(letter: "DeadLetter") -> str:
    arguments = "".join(f", {name} {value}" for name, value in letter.payload.items())
    return f"{letter.id}  {letter.name} of {letter.queue}: {letter.reason}{arguments}"

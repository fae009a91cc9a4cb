"""Output of the commands, as tables or JSON, and the options that filter incidents."""

import json
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import TextIOWrapper
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

_MIN_WIDTH = 80
"""Columns. On narrower terminals tables keep this width and wrap, because narrower columns would cut words."""


def _width() -> int | None:
    return _MIN_WIDTH if shutil.get_terminal_size().columns < _MIN_WIDTH else None


console = Console(width=_width())


def prepare() -> None:
    """Make all text printable in any encoding, escaped if necessary, and on narrow terminals."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if width := _width():
        os.environ["TERMINAL_WIDTH"] = str(width)  # for typer's output: help and usage errors


def mark(*, good: bool) -> str:
    """A tick or a cross as markup, or a word if the output's encoding has neither."""
    tick, cross = ("✓", "✗") if console.encoding.startswith("utf") else ("ok", "NOT OK")
    return f"[green]{tick}[/green]" if good else f"[red]{cross}[/red]"


def not_blank(text: str | None) -> str | None:
    """Option callback that refuses a blank value, for example from an unset shell variable."""
    if text is not None and not text.strip():
        raise typer.BadParameter("it is blank: omit the option, or give a value")
    return text


Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]

Step = Annotated[str | None, typer.Option(help="Only sagas stuck in this step, or in its undo.", callback=not_blank)]
Error = Annotated[str | None, typer.Option(help="Only sagas stuck with this error code.", callback=not_blank)]
SagaName = Annotated[str | None, typer.Option(help="Only sagas of this name, such as place_order.", callback=not_blank)]
Company = Annotated[UUID | None, typer.Option(help="Only sagas of the company with this id.")]


def print_line(text: str) -> None:
    """Print a line without wrapping and without interpreting markup."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print one line of JSON and flush it; UUIDs become strings, times RFC 3339."""
    print(json.dumps(value, default=_as_text), flush=True)


def _as_text(value: object) -> str:
    match value:
        case datetime():
            return value.isoformat()
        case UUID():
            return str(value)
    raise TypeError(f"cannot serialise {type(value).__name__} as JSON")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under a title, or `title: none`."""
    all_rows = list(rows)
    if not all_rows:
        console.print(f"{title}: none")
        return
    drawn = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        drawn.add_column(column, overflow="fold", no_wrap=column == "about")
    for row in all_rows:
        drawn.add_row(*map(Text, row))  # rich would interpret markup in plain strings
    console.print(drawn)

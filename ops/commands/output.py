"""What commands share: how they print, tables for people and JSON for scripts; and the options that name incidents."""

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

_NARROWEST = 80
"""Columns below which tables are left to the terminal to wrap: narrower ones would show parts of words."""


def _width() -> int | None:
    return _NARROWEST if shutil.get_terminal_size().columns < _NARROWEST else None


console = Console(width=_width())


def prepare() -> None:
    """Have every text printed in any encoding and on any screen, in part escaped if need be."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if width := _width():
        os.environ["TERMINAL_WIDTH"] = str(width)  # of what typer prints: help, and errors of usage


def mark(*, good: bool) -> str:
    """A tick or a cross as markup, or a word where the output's encoding has neither."""
    tick, cross = ("✓", "✗") if console.encoding.startswith("utf") else ("ok", "NOT OK")
    return f"[green]{tick}[/green]" if good else f"[red]{cross}[/red]"


def not_blank(text: str | None) -> str | None:
    """An option's callback: a value that is blank, as of a variable that is not set, is refused."""
    if text is not None and not text.strip():
        raise typer.BadParameter("it is blank: leave the option out, or say something")
    return text


Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]

Step = Annotated[str | None, typer.Option(help="Only those stuck in this step, or in its undo.", callback=not_blank)]
Error = Annotated[str | None, typer.Option(help="Only those stuck because of this error code.", callback=not_blank)]
SagaName = Annotated[str | None, typer.Option(help="Only those of this name, such as place_order.", callback=not_blank)]
Company = Annotated[UUID | None, typer.Option(help="Only those of the company with this id.")]


def say(text: str) -> None:
    """Print a line as it is: whole, however narrow the screen, and with nothing in it taken for markup."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print a line of JSON at once, with UUIDs as texts and times as RFC 3339 has them."""
    print(json.dumps(value, default=_as_text), flush=True)


def _as_text(value: object) -> str:
    match value:
        case datetime():
            return value.isoformat()
        case UUID():
            return str(value)
    raise TypeError(f"there is no JSON for {type(value).__name__}")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under a title, or say in a line that there are none."""
    found = list(rows)
    if not found:
        console.print(f"{title}: none")
        return
    drawn = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        drawn.add_column(column, overflow="fold", no_wrap=column == "about")
    for row in found:
        drawn.add_row(*map(Text, row))  # as it is: in a plain string rich would look for markup
    console.print(drawn)

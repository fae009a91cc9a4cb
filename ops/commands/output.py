"""Output of the commands, as tables, lines or JSON, and the options for it."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from io import TextIOWrapper
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

T = TypeVar("T")

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

Limit = Annotated[int, typer.Option(help="Maximum number to list.", min=1, max=10_000)]


def refuse_json_with(form: str, *, as_json: bool) -> None:
    """Refuse --json together with a --format that prints something else than the table."""
    if as_json and form != "table":
        raise typer.BadParameter(f"'{form}' cannot be combined with --json", param_hint="'--format'")


def print_line(text: str) -> None:
    """Print a line without wrapping and without interpreting markup."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print one line of JSON and flush it; UUIDs become strings, times RFC 3339."""
    print(json.dumps(value, default=_as_text), flush=True)


def print_rows(
    title: str, rows: Sequence[T], *, row: Callable[[T], Any], line: Callable[[T], str], as_json: bool, more: int = 0
) -> None:
    """Print the rows as one JSON list, or a line for each and then their number, as in `jobs: 3, and 2 more`."""
    if as_json:
        print_json([row(each) for each in rows])
        return
    for each in rows:
        print_line(line(each))
    rest = f", and {more} more: see --limit" if more else ""
    console.print(f"{title}: {len(rows) or 'none'}{rest}", highlight=False)


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

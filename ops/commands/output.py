"""How commands print: tables for people, JSON for scripts."""

from collections.abc import Iterable, Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]

console = Console()


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under a title, or say in a line that there are none."""
    found = list(rows)
    if not found:
        console.print(f"{title}: none")
        return
    drawn = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        drawn.add_column(column, overflow="fold", no_wrap=column in {"id", "about"})
    for row in found:
        drawn.add_row(*row)
    console.print(drawn)

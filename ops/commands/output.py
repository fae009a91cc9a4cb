"""What commands share: how they print, tables for people and JSON for scripts; and the options that name incidents."""

from collections.abc import Iterable, Sequence
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]

Step = Annotated[str | None, typer.Option(help="Only those stuck in this step, or in its undo.")]
Error = Annotated[str | None, typer.Option(help="Only those stuck because of this error code.")]
SagaName = Annotated[str | None, typer.Option(help="Only those of this name, such as place_order.")]
Company = Annotated[UUID | None, typer.Option(help="Only those of the company with this id.")]

console = Console()


def say(text: str) -> None:
    """Print a line as it is: whole, however narrow the screen, and with nothing in it taken for markup."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


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

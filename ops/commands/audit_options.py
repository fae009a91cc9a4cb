"""The options for an operator's reason and name, which are recorded."""

import getpass
from typing import Annotated

import typer

from ops.commands.output import not_blank


def _not_blank(text: str) -> str:
    if not text.strip():
        raise typer.BadParameter("give a reason; it is recorded")
    return text


Reason = Annotated[str, typer.Option(help="Reason; it is recorded.", callback=_not_blank)]
By = Annotated[
    str,
    typer.Option(
        default_factory=getpass.getuser,
        help="Name of the operator; it is recorded.",
        show_default="the login name",
        callback=not_blank,
    ),
]

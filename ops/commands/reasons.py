"""The options by which an operator says why, and who decides."""

import getpass
from typing import Annotated

import typer

from ops.commands.output import not_blank


def _not_blank(text: str) -> str:
    if not text.strip():
        raise typer.BadParameter("say why: whoever looks at this later wants to know")
    return text


Reason = Annotated[str, typer.Option(help="Why; it is recorded.", callback=_not_blank)]
By = Annotated[
    str,
    typer.Option(
        default_factory=getpass.getuser, help="Who decides.", show_default="the login name", callback=not_blank
    ),
]

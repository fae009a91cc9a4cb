"""Options of commands that listen for requests."""

from typing import Annotated

import typer

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)]
TrustedHosts = Annotated[
    list[str] | None,
    typer.Option("--trusted-host", help="Accept requests to this host name, too, as in http://NAME:port; repeatable."),
]

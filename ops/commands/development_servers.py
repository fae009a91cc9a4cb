"""Servers for development that stand in for the outside world: the payment sandbox and the mail inbox."""
# ruff: noqa: PLC0415 - each command imports its modules when it runs, so that `--help` is fast

from pathlib import Path
from typing import Annotated

import typer

from ops.commands.server_options import Host, Port, TrustedHosts


def sandbox(  # noqa: PLR0917
    host: Host = "127.0.0.1",
    port: Port = 8026,
    ledger: Annotated[Path, typer.Option(help="SQLite file of its payments.")] = Path("sandbox.db"),
    slow_seconds: Annotated[float, typer.Option(help="Response delay of the slow card, in seconds.", min=0)] = 2.0,
    silent_seconds: Annotated[float, typer.Option(help="Response delay of the silent card, in seconds.", min=0)] = 30.0,
    trusted_host: TrustedHosts = None,
) -> None:
    """Serve the payment sandbox: the provider's protocol, without real payments."""
    from ops import sandbox as process

    timing = {"slow_seconds": slow_seconds, "silent_seconds": silent_seconds}
    process.serve(host, port, ledger, trusted_hosts=tuple(trusted_host or ()), **timing)


def inbox(
    host: Host = "127.0.0.1",
    smtp_port: Port = 1025,
    http_port: Port = 8025,
    maildir: Annotated[Path, typer.Option(help="Directory to store the mails in.")] = Path("mail"),
    trusted_host: TrustedHosts = None,
) -> None:
    """Receive mails by SMTP and show them on a web page instead of delivering them."""
    from ops import inbox as process

    process.serve(host, smtp_port, http_port, maildir, trusted_hosts=tuple(trusted_host or ()))

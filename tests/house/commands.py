"""Reading a command line as `orderx` itself would, without running it."""

from typing import Any

import typer

from ops import cli


def understood(words: list[str]) -> tuple[str, dict[str, Any]]:
    """The command's full name and its parameters; raises typer's usage error for a command or option there is not."""
    command = typer.main.get_command(cli.app)
    context = command.context_class(command, info_name="orderx")
    names = []
    while hasattr(command, "resolve_command"):
        name, command, words = command.resolve_command(context, words)
        names.append(name)
    return " ".join(names), command.make_context(name, words).params

"""Parse an `orderx` command line without running the command."""

from typing import Any

import typer

from ops import cli


def parse_command(words: list[str]) -> tuple[str, dict[str, Any]]:
    """Return the command's full name and its parameters; raises typer's usage error if the line is invalid."""
    command = typer.main.get_command(cli.app)
    context = command.context_class(command, info_name="orderx")
    names = []
    while hasattr(command, "resolve_command"):
        if names and command.invoke_without_command and (not words or words[0].startswith("-")):
            break
        name, command, words = command.resolve_command(context, words)
        names.append(name)
    return " ".join(names), command.make_context(name, words).params

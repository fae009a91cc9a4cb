"""The strings that customers and operators read: OpenAPI document, errors, command line, settings, kinds of alerts."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import click
import typer

import api
import domain
import kit
import saga
import workers
from kit.alerts import KINDS
from kit.config import Settings
from kit.errors import OrderXError
from ops import cli
from tests.api.openapi_checks import document

PROSE = {"summary", "description", "operationId", "title"}
"""Keys of the OpenAPI document whose values are prose or names."""


def openapi_strings() -> Iterator[tuple[str, str]]:
    """Summaries, descriptions, titles, operationIds and tags of the OpenAPI document."""
    yield from _prose(document(), "openapi")


def _prose(node: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for number, each in enumerate(node):
            yield from _prose(each, f"{where}.{number}")
    elif isinstance(node, dict):
        for name, each in node.items():
            if name in PROSE and isinstance(each, str):
                yield f"{where}.{name}", each
            elif name == "tags" and isinstance(each, list):
                yield from ((f"{where}.tags", tag) for tag in each if isinstance(tag, str))
            elif name not in {"example", "examples", "enum"}:
                yield from _prose(each, f"{where}.{name}")


def error_strings() -> Iterator[tuple[str, str]]:
    """The code and the default message of every error."""
    for package in (kit, domain, saga, api, workers):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    for error in _subclasses(OrderXError):
        where = f"{error.__module__}.{error.__name__}"
        yield f"{where}.code", error.code
        yield f"{where}.message", error.title()


def _subclasses(kind: type[OrderXError]) -> Iterator[type[OrderXError]]:
    yield kind
    for subclass in kind.__subclasses__():
        if not subclass.__module__.startswith("tests."):
            yield from _subclasses(subclass)


def command_strings() -> Iterator[tuple[str, str]]:
    """The name and the help of every command, argument and option of `orderx`."""
    yield from _command(typer.main.get_command(cli.app), "orderx")


def _command(command: click.Command, where: str) -> Iterator[tuple[str, str]]:
    yield where, where.rpartition(" ")[2]
    yield where, command.help or ""
    for parameter in command.params:
        yield f"{where} {parameter.name}", " ".join(parameter.opts)
        yield f"{where} {parameter.name}", getattr(parameter, "help", "") or ""
    for name, subcommand in getattr(command, "commands", {}).items():
        yield from _command(subcommand, f"{where} {name}")


def setting_strings() -> Iterator[tuple[str, str]]:
    """The description of every setting."""
    for name, field in Settings.model_fields.items():
        yield f"ORDERX_{name.upper()}", field.description or ""


def alert_strings() -> Iterator[tuple[str, str]]:
    """The kinds of alerts."""
    yield from (("kit.alerts.KINDS", kind) for kind in KINDS)

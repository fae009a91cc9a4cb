"""`orderx permissions`: what each operation of the API requires, and who has it."""
# ruff: noqa: PLC0415 - each command imports its modules when it runs, so that `--help` is fast

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal

from ops.commands.output import print_json, refuse_json_with, table

Format = Literal["table", "markdown"]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: an operation, what it requires, the roles that have it, and whether API keys can have it."""

    area: str
    operation: str
    method: str
    path: str
    requires: str
    roles: list[str]
    api_keys: bool
    while_suspended: bool


def list_permissions(*, form: Format, as_json: bool) -> None:
    """Print the table, as JSON or in this form."""
    refuse_json_with(form, as_json=as_json)
    if as_json:
        print_json([asdict(row) for row in rows()])
    elif form == "markdown":
        print(markdown())
    else:
        lines = [(row.operation, row.requires, ", ".join(row.roles), _yes(row.api_keys)) for row in rows()]
        table("Permissions", ("operation", "requires", "roles", "API keys"), lines)


def rows() -> Iterator[Row]:
    """A row for each operation of the API, in the order of the areas."""
    from flask import Flask

    from api.app import BLUEPRINTS
    from api.auth.requirements import OPERATOR, PUBLIC, is_blocked_while_suspended, required_permission
    from domain import areas
    from domain.access.permission_sets import api_key_permissions, roles_with

    areas.register()
    app = Flask("orderx", static_folder=None)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    area_of = {name: view.__module__.split(".")[1] for name, view in app.view_functions.items()}
    order = {area: position for position, area in enumerate(areas.AREAS)}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: order.get(area_of[rule.endpoint], len(order))):
        [method] = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        required = required_permission(rule.endpoint)
        yield Row(
            area=area_of[rule.endpoint],
            operation=rule.endpoint.partition(".")[2],
            method=method,
            path=re.sub("<(?:[a-z]+:)?([a-z_]+)>", r"{\1}", rule.rule),
            requires=required,
            roles=[] if required in (PUBLIC, OPERATOR) else roles_with(required),
            api_keys=required in api_key_permissions(),
            while_suspended=not is_blocked_while_suspended(rule.endpoint, method),
        )


def markdown() -> str:
    """The table of docs/permissions.md."""
    from domain.access.permission_sets import ROLES

    names = [*ROLES, "API keys", "while suspended"]
    lines = [f"| area | operation | | requires | {' | '.join(names)} |", f"|---|---|---|---|{'---|' * len(names)}"]
    for row in rows():
        marks = [_yes(role in row.roles) for role in ROLES] + [_yes(row.api_keys), _yes(row.while_suspended)]
        lines.append(
            f"| {row.area} | `{row.operation}` | `{row.method} {row.path}` | `{row.requires}` | {' | '.join(marks)} |"
        )
    return "\n".join(lines)


def _yes(value: bool) -> str:
    return "yes" if value else ""

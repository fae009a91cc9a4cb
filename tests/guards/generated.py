"""What is generated from the code: parts of documents between `<!-- name -->` comments, and new saga definitions.

`make generated` writes all of it; tests compare it with the code.
"""

import re
from collections.abc import Callable
from importlib import import_module

from domain import areas
from domain.access.permission_sets import roles_with
from domain.areas import AREAS
from kit.config import Settings
from ops.commands import events, permissions
from saga.engine.definition import Saga
from saga.engine.fingerprints import describe, fingerprint
from saga.reactions.event_catalogue import catalogue
from saga.registry import SAGAS
from tests.guards.source_tree import ROOT
from workers.queues import TASK_AREAS

SAGA_DEFINITIONS = ROOT / "tests/guards/saga_definitions.txt"


def areas_table() -> str:
    """The areas: what each knows (the docstring of its package in `domain`), its tasks' queue and its events."""
    events_of: dict[str, dict[str, None]] = {}
    for entry in catalogue().values():
        events_of.setdefault(entry.area, {})[f"`{entry.event.group}.*`"] = None
    rows = ["| area | what it knows | its tasks' queue | its events |", "|---|---|---|---|"]
    for area in AREAS:
        knows = (import_module(f"domain.{area}").__doc__ or "").strip().rstrip(".")
        queue = f"`{area}`" if area in TASK_AREAS else ""
        rows.append(f"| `{area}` | {knows} | {queue} | {', '.join(events_of.get(area, ()))} |")
    return "\n".join(rows)


def declared_permissions_table() -> str:
    """The permissions of all areas: what each allows, and who can have it."""
    areas.register()
    rows = ["| permission | allows | roles | API keys | while suspended |", "|---|---|---|---|---|"]
    for each in areas.permissions().values():
        marks = " | ".join("yes" if mark else "" for mark in (each.api_keys, each.while_suspended))
        rows.append(f"| `{each.name}` | {each.allows} | {', '.join(roles_with(each.name))} | {marks} |")
    return "\n".join(rows)


def settings_table() -> str:
    """All settings with their defaults and descriptions."""
    rows = ["| variable | default | |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else f"`{field.default}`"
        rows.append(f"| `ORDERX_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows)


PARTS: dict[str, tuple[str, Callable[[], str]]] = {
    "areas": ("docs/tour.md", areas_table),
    "settings": ("docs/operations.md", settings_table),
    "events": ("docs/events.md", events.markdown),
    "declared permissions": ("docs/permissions.md", declared_permissions_table),
    "permissions": ("docs/permissions.md", permissions.markdown),
}
"""By the name in the comments: the document, and the function that generates its part."""


def part_of(document: str, name: str) -> re.Match[str]:
    """The generated part of a document, with its comments; the part itself is group 1."""
    found = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- /{name} -->", document, re.DOTALL)
    assert found, f"there is no <!-- {name} --> … <!-- /{name} -->"
    return found


def saga_line(saga: Saga) -> str:
    """A saga's line in saga_definitions.txt."""
    return f"{saga.name} {saga.version} {fingerprint(saga)[:16]} {describe(saga)}"


def recorded_definitions() -> dict[tuple[str, int], str]:
    """All released definitions in saga_definitions.txt: their lines by name and version."""
    lines = [line for line in SAGA_DEFINITIONS.read_text().splitlines() if not line.startswith("#")]
    return {(line.split()[0], int(line.split()[1])): line for line in lines}


def write() -> None:
    """Write all generated parts, and add the lines of new saga definitions; existing lines are never changed."""
    for name, (path, generate) in PARTS.items():
        document = (ROOT / path).read_text()
        start, end = part_of(document, name).span(1)
        (ROOT / path).write_text(document[:start] + generate() + document[end:])
    recorded = recorded_definitions()
    with SAGA_DEFINITIONS.open("a") as lines:
        lines.writelines(f"{saga_line(saga)}\n" for saga in SAGAS if (saga.name, saga.version) not in recorded)


if __name__ == "__main__":
    write()

"""Names that stand in no Python file only: of the database, JSON, events, permissions, failpoints and settings."""

import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import psycopg

from domain import areas
from kit.config import settings
from saga.reactions.event_catalogue import catalogue
from tests.api.openapi_checks import document
from tests.guards import failpoints
from tests.guards.source_tree import project_files

SCHEMA = """
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION SELECT attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND attnum > 0
    UNION SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION SELECT policyname FROM pg_policies WHERE schemaname = 'public'
    UNION SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
    UNION SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION SELECT unnest(proargnames) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"""


def schema_names() -> Iterator[str]:
    """Tables, columns, indexes, sequences, constraints, policies, triggers, functions and their arguments."""
    with psycopg.connect(settings().require("owner_database_url")) as connection:
        yield from (name for (name,) in connection.execute(SCHEMA))


def json_names() -> Iterator[str]:
    """Fields, parameters, schemas, path segments and constant values of the OpenAPI document."""
    yield from document()["components"]["schemas"]
    yield from (segment.strip("{}") for path in document()["paths"] for segment in path.split("/"))
    yield from _json_names(document())


def _json_names(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for each in node:
            yield from _json_names(each)
    elif isinstance(node, dict):
        yield from node.get("properties", {})
        yield from (each for each in node.get("enum", []) if isinstance(each, str))
        if "in" in node and isinstance(node.get("name"), str):
            yield node["name"]
        for name, each in node.items():
            if name not in {"example", "examples", "enum"}:
                yield from _json_names(each)


def event_names() -> Iterator[str]:
    """Types of events and the fields of their payloads."""
    for name, entry in catalogue().items():
        yield name
        yield from (field.name for field in fields(entry.event.payload))


def permission_names() -> Iterator[str]:
    """All permissions."""
    yield from areas.permissions()


def failpoint_names() -> Iterator[str]:
    """The windows of all failpoints."""
    yield from (call.args[0].value for call in failpoints.calls())  # type: ignore[attr-defined]


def environment_names() -> Iterator[str]:
    """Every environment variable of ours that the project's files name."""
    for path in project_files(".py", ".yml", ".md", ".toml", ""):
        if path.name != "retired_outside.py":
            yield from re.findall(r"\bORDERX_[A-Z_]+\b", path.read_text(errors="replace"))

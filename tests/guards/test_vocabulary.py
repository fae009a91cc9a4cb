"""The code and its public strings use the field's words: no name or word of the former dialect comes back."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.guards import names_outside, public_strings
from tests.guards.retired_names import RETIRED, kept
from tests.guards.retired_outside import RETIRED_OUTSIDE
from tests.guards.retired_phrases import DIALECT, UNCLEAR
from tests.guards.source_tree import PACKAGES, ROOT, project_files, tree

STRINGS = {
    "openapi": public_strings.openapi_strings,
    "errors": public_strings.error_strings,
    "commands": public_strings.command_strings,
    "settings": public_strings.setting_strings,
    "alerts": public_strings.alert_strings,
}

OUTSIDE = {
    "schema": names_outside.schema_names,
    "json": names_outside.json_names,
    "events": names_outside.event_names,
    "permissions": names_outside.permission_names,
    "failpoints": names_outside.failpoint_names,
    "environment": names_outside.environment_names,
}
NAMED_OTHERWISE = """
    SELECT conname FROM pg_constraint JOIN pg_class t ON t.oid = conrelid
    WHERE connamespace = 'public'::regnamespace AND NOT starts_with(conname, relname)
    UNION ALL SELECT i.relname FROM pg_index JOIN pg_class i ON i.oid = indexrelid JOIN pg_class t ON t.oid = indrelid
    WHERE t.relnamespace = 'public'::regnamespace AND NOT starts_with(i.relname, t.relname)"""
PROVIDERS_WORDS = {"canceled": ("ops/sandbox/", "domain/payments/stripe_mapping.py", "docs/glossary.md", "tests/")}
"""Words of the payment provider's protocol, and where they may stand."""


def files() -> Iterator[Path]:
    for package in (*PACKAGES, "bench"):
        yield from (path for path in sorted((ROOT / package).rglob("*.py")) if path.parent.name != "versions")


def names_defined(path: Path) -> Iterator[str]:
    """The names of classes, functions, arguments and attributes that a file defines, without leading underscores."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name.lstrip("_")
        elif isinstance(node, ast.arg):
            yield node.arg.lstrip("_")
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr.lstrip("_")
        if isinstance(node, ast.Module | ast.ClassDef):
            for statement in node.body:
                targets = statement.targets if isinstance(statement, ast.Assign) else []
                targets = [statement.target] if isinstance(statement, ast.AnnAssign) else targets
                yield from (each.id.lstrip("_") for t in targets for each in ast.walk(t) if isinstance(each, ast.Name))


def retired_names() -> dict[str, set[str]]:
    """Every retired name that the code still has: where, and what to call it instead."""
    found: dict[str, set[str]] = {}
    for path in files():
        where = str(path.relative_to(ROOT))
        modules = {path.stem, path.parent.name} if path.stem == "__init__" else {path.stem}
        names = set(names_defined(path))
        for retired in RETIRED:
            here = modules if retired.kind == "module" else names
            if where.startswith(f"{retired.scope}/") and retired.name in here:
                found.setdefault(retired.name, set()).add(f"{where}: {retired.name} -> {retired.instead}")
    return found


class TestNames:
    def test_are_those_of_the_field(self):
        assert {name: places for name, places in retired_names().items() if name not in kept()} == {}

    def test_kept_on_purpose_exist(self, database):
        outside = {name for names in OUTSIDE.values() for name in names() if dialect_in(name)}
        assert kept().keys() - retired_names().keys() - outside == set()


def dialect_in(name: str) -> set[str]:
    """Words of the former dialect in a name, as a whole or between its underscores and dots."""
    words = re.sub(r"[_.\-]", " ", name)
    return {
        f"{name} ({advice})"
        for phrase, advice in DIALECT.items()
        if any(re.search(rf"\b(?:{phrase})\b", text, re.IGNORECASE) for text in (name, words))
    }


class TestNamesOutsideOfPython:
    @pytest.mark.parametrize("kind", OUTSIDE)
    def test_are_those_of_the_field(self, database, kind):
        names = set(OUTSIDE[kind]())
        assert names
        assert {f"{name} -> {RETIRED_OUTSIDE[name]}" for name in names & RETIRED_OUTSIDE.keys()} == set()
        assert {found for name in names - kept().keys() for found in dialect_in(name)} == set()

    def test_of_constraints_and_indexes_begin_with_their_table(self, database):
        with psycopg.connect(database) as owner:
            assert owner.execute(NAMED_OTHERWISE).fetchall() == []


class TestOutcomes:
    def test_use_the_providers_spelling_only_in_its_protocol(self):
        for word, places in PROVIDERS_WORDS.items():
            found = {
                str(path.relative_to(ROOT)) for path in project_files(".py", ".md", ".sql") if word in path.read_text()
            }
            assert {path for path in found if not path.startswith(places)} == set()


class TestPublicStrings:
    @pytest.mark.parametrize("kind", STRINGS)
    def test_use_plain_words(self, kind):
        found = {
            f"{where}: {match[0]} ({advice})"
            for where, text in STRINGS[kind]()
            for phrase, advice in DIALECT.items()
            for match in [re.search(rf"\b(?:{phrase})\b", text, re.IGNORECASE)]
            if match
        }
        assert found == set()


class TestSentences:
    def test_are_plain_in_sources_and_documents(self):
        found = {
            f"{path.relative_to(ROOT)}: {match[0]} ({advice})"
            for path in project_files(".py", ".md", ".sql", ".yml", ".toml")
            if path.name != "retired_phrases.py"
            for phrase, advice in UNCLEAR.items()
            for match in re.finditer(rf"\b(?:{phrase})\b", path.read_text(), re.IGNORECASE)
        }
        assert found == set()

"""Migrations: one head, named by day and subject; those from now on lock nobody out and use the helpers for tables."""

import ast
import re
from pathlib import Path

import pytest

from tests.guards import migration_sql
from tests.guards.source_tree import tree

NEEDS_SQUAWK = pytest.mark.skipif(not migration_sql.SQUAWK.exists(), reason="squawk is not installed: make install")
NAMED_BY_DAY = re.compile(r"20\d{6}_[a-z0-9_]+")
LONGEST = 32  # alembic_version.version_num


def path_of(script):
    return Path(script.module.__file__)


def tables_of_companies_by_hand(path):
    """Where the migration creates a table with company_id otherwise than by tenant_table()."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", None) == "create_table":
            names = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
            if "company_id" in names:
                yield node.lineno


class TestRevisions:
    def test_have_one_head(self):
        assert len(migration_sql.scripts().get_heads()) == 1

    def test_are_named_by_day_and_subject_as_their_files(self):
        dated = [script for script in migration_sql.scripts().walk_revisions() if not re.match("00", script.revision)]
        assert [script.revision for script in dated if not NAMED_BY_DAY.fullmatch(script.revision)] == []
        assert [script.revision for script in dated if len(script.revision) > LONGEST] == []
        assert [script.revision for script in dated if path_of(script).stem != script.revision] == []


class TestMigrationsFromNowOn:
    def test_create_the_tables_of_companies_by_one_function(self):
        paths = [path_of(script) for script in migration_sql.checked_revisions()]
        assert [path for path in paths if any(tables_of_companies_by_hand(path))] == []

    def test_are_told_from_those_that_create_them_by_hand(self):
        by_hand = migration_sql.scripts().get_revision("20261129_saga_waits")
        assert any(tables_of_companies_by_hand(path_of(by_hand)))

    def test_can_be_printed_without_a_database(self):
        for script in migration_sql.checked_revisions():
            assert f"version_num='{script.revision}'" in migration_sql.sql_of(script)

    @NEEDS_SQUAWK
    def test_lock_nobody_out(self):
        statements = {script.revision: migration_sql.sql_of(script) for script in migration_sql.checked_revisions()}
        assert migration_sql.findings(statements) == []

    @NEEDS_SQUAWK
    @pytest.mark.parametrize(
        ("statement", "rule"),
        [
            ("CREATE INDEX orders_total_idx ON orders (total)", "require-concurrent-index-creation"),
            ("ALTER TABLE orders ADD CONSTRAINT total_check CHECK (total > 0)", "constraint-missing-not-valid"),
            ("ALTER TABLE orders ADD COLUMN gift boolean NOT NULL", "adding-required-field"),
            ("ALTER TABLE orders ALTER COLUMN total TYPE numeric", "changing-column-type"),
            ("ALTER TABLE orders RENAME COLUMN total TO sum", "renaming-column"),
        ],
    )
    def test_are_refused_if_they_do(self, statement, rule):
        found = migration_sql.findings({"20270105_orders": f"BEGIN;\n{statement};\nCOMMIT;"})
        assert any(f"20270105_orders, line 2: {rule}" in each for each in found)

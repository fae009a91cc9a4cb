"""The policies of the database are those of migrations/policies, and a table's own file replaces them."""

import psycopg
import pytest

from migrations import policies, tables
from tests.guards import migration_sql

EXCLUSIVE = "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND mode = 'AccessExclusiveLock'"


@pytest.fixture
def superuser(database):
    """A connection in a transaction that is rolled back."""
    with psycopg.connect(database) as connection:
        yield connection
        connection.rollback()


def area_of(mapper):
    folders = mapper.class_.__module__.split(".")
    return folders[1] if folders[0] == "domain" else folders[0]


class TestPolicies:
    def test_are_those_of_the_files(self, superuser):
        assert policies.render(superuser) == {table: path.read_text() for table, path in policies.FILES.items()}

    def test_stand_in_the_folder_of_their_tables_area(self):
        areas = {mapper.local_table.name: area_of(mapper) for mapper in tables.Base.registry.mappers}
        assert [t for t, path in policies.FILES.items() if path.parent.name != areas[t]] == []

    def test_are_in_no_migration_from_now_on(self):
        sources = {script.revision: migration_sql.sql_of(script) for script in migration_sql.checked_revisions()}
        by_helpers = (
            # tenant_table
            "CREATE POLICY company ON ", "CREATE POLICY operator ON ",
            # online.fill
            "DROP POLICY IF EXISTS backfill ON ", "CREATE POLICY backfill ON ", "DROP POLICY backfill ON ",
        )  # fmt: skip
        lines = [(name, line) for name, source in sources.items() for line in source.splitlines() if "POLICY" in line]
        assert [found for found in lines if not found[1].startswith(by_helpers)] == []


class TestReplace:
    @pytest.mark.parametrize(
        "change",
        [
            "DROP POLICY own ON orders",
            "ALTER POLICY own ON orders USING (true)",
            "CREATE POLICY another ON orders FOR SELECT TO orderx_app USING (true)",
        ],
    )
    def test_restores_the_policies_of_a_table_that_differs(self, superuser, change):
        before = policies.render(superuser)
        superuser.execute(change)
        assert policies.replace(superuser) == ["orders"]
        assert policies.render(superuser) == before

    def test_leaves_the_policies_of_every_table_of_companies_alone(self, superuser):
        superuser.execute("DROP POLICY own ON orders")
        policies.replace(superuser)
        found = superuser.execute("SELECT policyname FROM pg_policies WHERE tablename = 'orders'").fetchall()
        assert {("company",), ("operator",)} <= set(found)

    def test_locks_no_table_where_nothing_differs(self, superuser):
        assert policies.replace(superuser) == []
        assert superuser.execute(EXCLUSIVE).fetchone() == (0,)

"""The helpers of migrations: tables of companies, and changes of tables in use."""

import os

import psycopg
import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from kit.db.engines import dialect_url
from migrations import online
from migrations.tenant_tables import tenant_table
from ops.services.postgres import create_database, drop_database, with_login

POLICIES = """
    SELECT policyname, roles::text, cmd, qual, with_check FROM pg_policies WHERE tablename = %s ORDER BY policyname"""


@pytest.fixture
def url(database):
    owner, name = os.environ["ORDERX_OWNER_DATABASE_URL"], f"orderx_tables_{os.getpid()}"
    drop_database(owner, name)
    create_database(owner, name)
    yield with_login(owner, database=name)
    drop_database(owner, name)


@pytest.fixture
def migrating(url):
    """A connection on which `op` works, as in a migration, and another one."""
    engine = sa.create_engine(dialect_url(url), poolclass=sa.NullPool)
    with engine.connect() as connection, psycopg.connect(url, autocommit=True) as other:
        context = MigrationContext.configure(connection)
        with Operations.context(context), context.begin_transaction(_per_migration=True):
            yield connection, other


@pytest.fixture
def gift_cards(migrating):
    connection, _ = migrating
    tenant_table(
        "gift_cards",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("code", sa.Text(), nullable=False),
        app="SELECT, INSERT",
        operator="SELECT",
        indexes=[["company_id", "id"]],
    )
    return lambda query, *values: connection.exec_driver_sql(query, values).fetchall()


class TestTenantTable:
    def test_has_the_policies_of_the_tables_made_by_hand(self, gift_cards, database):
        made = gift_cards(POLICIES, "gift_cards")
        with psycopg.connect(database) as owner:
            assert made == owner.execute(POLICIES, ["saga_signals"]).fetchall()

    def test_forces_row_level_security_on_its_owner_too(self, gift_cards):
        query = "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = 'gift_cards'"
        assert gift_cards(query) == [(True, True)]

    def test_grants_what_is_named_and_no_more(self, gift_cards):
        query = """
            SELECT grantee, string_agg(privilege_type, ', ' ORDER BY privilege_type)
            FROM information_schema.table_privileges
            WHERE table_name = 'gift_cards' AND grantee LIKE 'orderx%%' GROUP BY 1 ORDER BY 1"""
        assert gift_cards(query) == [("orderx_app", "INSERT, SELECT"), ("orderx_operator", "SELECT")]

    def test_belongs_to_a_company_and_has_its_indexes(self, gift_cards):
        query = "SELECT column_name, is_nullable FROM information_schema.columns WHERE table_name = 'gift_cards'"
        assert ("company_id", "NO") in gift_cards(query)
        indexes = gift_cards("SELECT indexname FROM pg_indexes WHERE tablename = 'gift_cards' ORDER BY 1")
        assert indexes == [("gift_cards_company_id_id_idx",), ("gift_cards_pkey",)]


@pytest.fixture
def counters(migrating):
    """A table that others use."""
    _, other = migrating
    other.execute("CREATE TABLE counters (id int PRIMARY KEY, n int)")
    other.execute("INSERT INTO counters VALUES (1, 1)")
    return other


def locks(connection):
    query = "SELECT mode FROM pg_locks JOIN pg_class ON pg_class.oid = relation WHERE relname = 'counters'"
    return {mode for (mode,) in connection.execute(query)}


class TestChangesOfTablesInUse:
    def test_build_an_index_that_is_valid_and_leave_no_lock(self, counters):
        online.create_index("counters_n_idx", "counters", "n", unique=True, where="n > 0")
        built = counters.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'counters_n_idx'::regclass")
        assert built.fetchall() == [(True,)]
        assert locks(counters) == set()
        online.drop_index("counters_n_idx")
        assert counters.execute("SELECT to_regclass('counters_n_idx')").fetchone() == (None,)

    def test_replace_an_invalid_index(self, counters):
        counters.execute("INSERT INTO counters VALUES (2, 1)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            counters.execute("CREATE UNIQUE INDEX CONCURRENTLY counters_n_idx ON counters (n)")
        counters.execute("DELETE FROM counters WHERE id = 2")
        online.create_index("counters_n_idx", "counters", "n", unique=True)
        built = counters.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'counters_n_idx'::regclass")
        assert built.fetchall() == [(True,)]

    def test_add_or_replace_a_valid_constraint_and_leave_no_lock(self, counters):
        for limit in (5, 7):
            online.add_constraint("counters_n_check", "counters", f"CHECK (n < {limit})")
        found = counters.execute(
            "SELECT convalidated, pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'counters_n_check'"
        )
        assert found.fetchall() == [(True, "CHECK ((n < 7))")]
        assert locks(counters) == set()

    def test_keep_nobody_waiting_behind_them(self, migrating, counters):
        connection, _ = migrating
        online.create_index("counters_n_idx", "counters", "n")
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "2s"

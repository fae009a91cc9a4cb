"""Migrations that need a stop refuse while a saga is open or a message waits in the outbox."""

import psycopg
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine

from kit.config import settings
from kit.db.engines import dialect_url
from migrations import stop
from tests.guards.company_with_data import company_with_data

OUTBOX_ROW = "INSERT INTO outbox (kind, body) VALUES ('task', '{}')"
END_SAGAS = "UPDATE sagas SET state = 'done', ended_at = now()"
UNFORCED = "SELECT relname FROM pg_class WHERE relrowsecurity AND NOT relforcerowsecurity"


@pytest.fixture
def owner(database):
    """The owner's connection, on a database with a saga that has ended and an empty outbox."""
    company_with_data(database)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DELETE FROM outbox")
        connection.execute(END_SAGAS)
        yield connection


@pytest.fixture
def migration():
    """A transaction of the owner, in which Alembic's operations run."""
    engine = create_engine(dialect_url(settings().require("owner_database_url")))
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        yield connection
    engine.dispose()


class TestRequire:
    def test_accepts_ended_sagas_and_an_empty_outbox(self, owner, migration):
        stop.require()

    def test_refuses_open_sagas_with_one_line(self, owner, migration):
        owner.execute("UPDATE sagas SET state = 'running', ended_at = NULL")
        with pytest.raises(stop.WorkUnderWay, match=r"^this release needs a stop.* 2 open sagas and 0 unsent .*$"):
            stop.require()

    def test_refuses_unsent_messages(self, owner, migration):
        owner.execute(OUTBOX_ROW)
        with pytest.raises(stop.WorkUnderWay, match="0 open sagas and 1 unsent messages"):
            stop.require()

    def test_sees_the_rows_as_an_owner_under_row_level_security(self, owner, migration):
        owner.execute(OUTBOX_ROW)
        owner.execute("DROP ROLE IF EXISTS orderx_stop_owner")
        owner.execute("CREATE ROLE orderx_stop_owner")
        for table in ("sagas", "outbox"):
            owner.execute(f"ALTER TABLE {table} OWNER TO orderx_stop_owner")
        try:
            migration.exec_driver_sql("SET LOCAL ROLE orderx_stop_owner")
            with pytest.raises(stop.WorkUnderWay):
                stop.require()
        finally:
            migration.rollback()
            owner.execute("REASSIGN OWNED BY orderx_stop_owner TO CURRENT_USER")
            owner.execute("DROP OWNED BY orderx_stop_owner")
            owner.execute("DROP ROLE orderx_stop_owner")

    def test_keeps_new_messages_away_until_the_migration_ends(self, owner, migration):
        stop.require()
        owner.execute("SET lock_timeout = '10ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            owner.execute(OUTBOX_ROW)
        migration.rollback()
        owner.execute(OUTBOX_ROW)

    def test_leaves_row_level_security_forced(self, owner, migration):
        stop.require()
        migration.commit()
        assert owner.execute(UNFORCED).fetchall() == []

"""One connection of the schema's owner per test process: opening one costs more than most tests."""

import os

import psycopg

_EMPTY_EVERY_TABLE = """
DO $$
DECLARE
  filled regclass;
BEGIN
  SET LOCAL lock_timeout = '5s';
  SET LOCAL session_replication_role = replica; -- no foreign keys, no append-only triggers
  FOR filled IN
    SELECT oid FROM pg_class
    WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
  LOOP
    EXECUTE format('DELETE FROM %s', filled);
  END LOOP;
END $$
"""
_connections: list[psycopg.Connection] = []


def connection() -> psycopg.Connection:
    """The connection, in autocommit mode."""
    if not (_connections and _answers(_connections[0])):
        close()
        _connections.append(psycopg.connect(os.environ["ORDERX_OWNER_DATABASE_URL"], autocommit=True))
    return _connections[0]


def empty_every_table() -> None:
    """Delete all rows but the migrations' revision."""
    connection().execute(_EMPTY_EVERY_TABLE)


def close() -> None:
    """Close the connection; the next use opens another one."""
    while _connections:
        _connections.pop().close()


def _answers(opened: psycopg.Connection) -> bool:
    """Whether PostgreSQL still serves the connection: a test may have terminated it."""
    try:
        opened.execute("SELECT")
    except psycopg.OperationalError:
        return False
    return True

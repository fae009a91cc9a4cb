"""Objects in pg_temp named like our tables, set before the functions that run with more rights than their callers.

Each shadow is a view that raises as soon as anything reads or writes it, naming the role that did.
"""

import psycopg
import pytest
from psycopg import sql

from kit.config import settings
from kit.ids import new_id
from migrations import tables

LOGINS = ("database_url", "operator_database_url")
TRAP = """
    CREATE FUNCTION pg_temp.trap() RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'trapped %', current_user; END $$;
    CREATE FUNCTION pg_temp.trap_write() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'trapped %', current_user; END $$"""
SHADOW = """
    CREATE TEMP VIEW {table} AS SELECT {columns} WHERE pg_temp.trap();
    CREATE TRIGGER trap INSTEAD OF INSERT OR UPDATE OR DELETE ON pg_temp.{table}
        FOR EACH ROW EXECUTE FUNCTION pg_temp.trap_write();
    GRANT ALL ON pg_temp.{table} TO PUBLIC"""
COLUMNS = """
    SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"""
DEFINERS = """
    SELECT proname, proargtypes::regtype[]::text[] FROM pg_proc
    WHERE prosecdef AND pronamespace = 'public'::regnamespace AND has_function_privilege(oid, 'EXECUTE')
    ORDER BY proname"""


@pytest.fixture
def permissive(database):
    """The database with PostgreSQL's default privileges: every role may create temporary objects."""
    name = sql.Identifier(psycopg.conninfo.conninfo_to_dict(database)["dbname"])
    with psycopg.connect(database, autocommit=True) as superuser:
        superuser.execute(sql.SQL("GRANT TEMP ON DATABASE {} TO PUBLIC").format(name))
        yield
        superuser.execute(sql.SQL("REVOKE TEMP ON DATABASE {} FROM PUBLIC").format(name))


@pytest.fixture(params=LOGINS)
def attacker(database, request):
    """A login of one of our roles that can run arbitrary SQL."""
    with psycopg.connect(settings().require(request.param)) as connection:
        yield connection
        connection.rollback()


def shadow_every_table(attacker):
    attacker.execute(TRAP)
    for table in tables.metadata.tables:
        columns = attacker.execute(COLUMNS, [f"public.{table}"]).fetchall()
        nulls = [sql.SQL("NULL::{} AS {}").format(sql.SQL(kind), sql.Identifier(name)) for name, kind in columns]
        shadow = sql.SQL(SHADOW).format(table=sql.Identifier(table), columns=sql.SQL(", ").join(nulls))
        attacker.execute(shadow)


class TestShadowsOfTables:
    def test_are_ignored_by_definer_functions(self, permissive, attacker):
        shadow_every_table(attacker)
        user = new_id()
        attacker.execute("SELECT set_config('orderx.user_id', %s, true)", [str(user)])
        definers = attacker.execute(DEFINERS).fetchall()
        assert definers
        given = {"uuid": user, "text": "toy", "integer": 1}
        for name, arguments in definers:
            values = sql.SQL(", ").join(given[kind] for kind in arguments)
            attacker.execute(sql.SQL("SELECT public.{}({})").format(sql.Identifier(name), values))

    def test_would_be_detected(self, permissive, attacker):
        shadow_every_table(attacker)
        for statement in ("SELECT FROM invitations", "DELETE FROM mails"):
            with pytest.raises(psycopg.errors.RaiseException, match="trapped orderx_"), attacker.transaction():
                attacker.execute(statement)


class TestTemporaryObjects:
    @pytest.mark.parametrize("kind", ["TABLE mine (id int)", "VIEW mine AS SELECT 1", "SEQUENCE mine"])
    def test_cannot_be_created(self, attacker, kind):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            attacker.execute(f"CREATE TEMP {kind}")

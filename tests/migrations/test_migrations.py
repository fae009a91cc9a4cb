"""The schema's history: up, down, up again, and no drift from the models."""

import os
import shutil
import subprocess
import sys

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine

from kit.db.engines import dialect_url
from kit.ids import new_id
from migrations import run
from ops.services.postgres import create_database, drop_database, with_login
from tests.house.places import ROOT

TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"


@pytest.fixture
def empty():
    """The owner's URL of a database without a table."""
    owner, name = os.environ["ORDERX_OWNER_DATABASE_URL"], f"orderx_migrations_{os.getpid()}"
    drop_database(owner, name)
    create_database(owner, name)
    yield with_login(owner, database=name)
    drop_database(owner, name)


def tables_of(url):
    with psycopg.connect(url) as connection:
        return {name for (name,) in connection.execute(TABLES)}


def state(url):
    engine = create_engine(dialect_url(url))
    try:
        return run.state(engine)
    finally:
        engine.dispose()


class TestMigrations:
    def test_go_up_down_and_up_again(self, empty):
        run.upgrade(owner_url=empty)
        there = tables_of(empty)
        assert "orders" in there
        run.downgrade(owner_url=empty)
        assert tables_of(empty) == {"alembic_version"}
        run.upgrade(owner_url=empty)
        assert tables_of(empty) == there

    def test_leave_no_difference_to_the_models(self, empty):
        run.upgrade(owner_url=empty)
        command.check(run.alembic_config(empty))

    def test_may_be_repeated(self, empty):
        run.upgrade(owner_url=empty)
        run.upgrade(owner_url=empty)
        assert state(empty) == "ok"

    def test_are_known_to_be_missing(self, empty):
        assert state(empty) == "behind"


class TestDraft:
    def test_of_a_revision_holds_what_models_and_database_differ_in(self, empty, tmp_path):
        run.upgrade(owner_url=empty)
        with psycopg.connect(empty) as owner:
            owner.execute("ALTER TABLE orders DROP COLUMN failure CASCADE")
        shutil.copy(ROOT / "pyproject.toml", tmp_path)
        shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
        words = ["revision", "--autogenerate", "--rev-id", "9998", "-m", "gift cards"]
        env = {**os.environ, "ORDERX_OWNER_DATABASE_URL": empty}
        subprocess.run(
            [sys.executable, "-m", "alembic", *words], cwd=tmp_path, env=env, check=True, capture_output=True
        )
        draft = (tmp_path / "migrations/versions/9998_gift_cards.py").read_text()
        assert "op.add_column('orders', sa.Column('failure'" in draft


@pytest.fixture
def newer(empty):
    """A database that the next release has migrated."""
    run.upgrade(owner_url=empty)
    with psycopg.connect(empty, autocommit=True) as owner:
        owner.execute("UPDATE alembic_version SET version_num = '9999'")
        owner.execute("ALTER TABLE orders ADD COLUMN gift boolean")
        owner.execute("ALTER FUNCTION vital_signs() STRICT")
        owner.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
    return empty


class TestANewerDatabase:
    def test_serves_this_release_where_all_is_there_that_it_uses(self, newer):
        assert state(newer) == "newer"

    @pytest.mark.parametrize(
        ("change", "lack"),
        [
            ("ALTER TABLE mails RENAME COLUMN due_at TO due", "mails.due_at"),
            ("DROP FUNCTION vital_signs()", "vital_signs()"),
        ],
    )
    def test_does_not_where_something_has_gone(self, newer, change, lack):
        with psycopg.connect(newer, autocommit=True) as owner:
            owner.execute(change)
        assert state(newer) == f"newer, missing {lack}"

    def test_is_left_as_it_is_by_this_release(self, newer):
        before = schema_of(newer)
        assert not run.upgrade(owner_url=newer, app_url=newer.replace("postgres:", "orderx_later:"))
        assert schema_of(newer) == before


def schema_of(url):
    """What `migrate` may change: rights of everybody, functions, the revision, roles."""
    queries = (
        "SELECT nspacl::text FROM pg_namespace WHERE nspname = 'public'",
        "SELECT proname, xmin, proisstrict FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
        "SELECT version_num FROM alembic_version",
        "SELECT rolname FROM pg_roles WHERE rolname = 'orderx_later'",
    )
    with psycopg.connect(url) as connection:
        return [connection.execute(query).fetchall() for query in queries]


class TestADatabaseFromBefore:
    def test_loses_what_everybody_may_do_and_functions_of_its_owner(self, empty):
        command.upgrade(run.alembic_config(empty), "0015")
        with psycopg.connect(empty) as connection:
            connection.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
        run.upgrade(owner_url=empty)
        with psycopg.connect(empty) as connection:
            [rights] = connection.execute(
                "SELECT has_schema_privilege('public', 'public', 'CREATE'),"
                " has_database_privilege('public', current_database(), 'TEMP')"
            ).fetchall()
            assert rights == (False, False)
            owners = connection.execute("SELECT DISTINCT proowner::regrole::text FROM pg_proc WHERE prosecdef")
            assert owners.fetchall() == [("orderx_definer",)]

    def test_keeps_no_login_that_two_have_gone_on_with(self, empty):
        command.upgrade(run.alembic_config(empty), "0023")
        user, forked, single = new_id(), new_id(), new_id()
        with psycopg.connect(empty) as connection:
            connection.execute(
                "INSERT INTO users (id, email, name, password_hash) VALUES (%s, 'ada@example.com', 'Ada', '')", [user]
            )
            for login, tokens in ((forked, (b"a", b"b")), (single, (b"c",))):
                connection.execute(
                    "INSERT INTO logins (id, user_id, began_at, used_at, lapses_at)"
                    " VALUES (%s, %s, now(), now(), now())",
                    [login, user],
                )
                for token in tokens:
                    connection.execute(
                        "INSERT INTO refresh_tokens (hash, replaces, user_id, login_id, expires_at, used_at)"
                        " VALUES (%s, %s, %s, %s, now(), now())",
                        [token, login.bytes, user, login],
                    )
        run.upgrade(owner_url=empty)
        with psycopg.connect(empty) as connection:
            assert connection.execute("SELECT id FROM logins WHERE ended_at IS NOT NULL").fetchall() == [(forked,)]


class TestLogins:
    def test_are_let_in_with_the_rights_of_their_group_only(self, empty):
        app = with_login(empty, user="orderx_app_login", password="for-tests-alone")
        run.upgrade(owner_url=empty, app_url=app)
        with psycopg.connect(app) as connection:
            assert connection.execute("SELECT count(*) FROM orders").fetchone() == (0,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("CREATE TABLE mine (id int)")

    def test_take_the_password_of_their_url(self, empty):
        for password in ("first", "it's%20new"):
            login = with_login(empty, user="orderx_migrations_login", password=password)
            run.upgrade(owner_url=empty, app_url=login)
            psycopg.connect(login).close()
        with psycopg.connect(empty) as connection:
            connection.execute("DROP ROLE orderx_migrations_login")

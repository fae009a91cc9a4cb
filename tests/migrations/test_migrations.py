"""Migrations: upgrade, downgrade, upgrade again, and no difference from the models."""

import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from kit.db.engines import dialect_url
from kit.errors import Unavailable
from kit.ids import new_id
from migrations import run
from ops.services.postgres import create_database, drop_database, with_login
from tests.guards.source_tree import ROOT

TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"


@pytest.fixture
def empty():
    """The owner's URL of an empty database."""
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
    def test_upgrade_downgrade_and_upgrade_again(self, empty):
        run.upgrade(owner_url=empty)
        there = tables_of(empty)
        assert "orders" in there
        run.downgrade(owner_url=empty)
        assert tables_of(empty) == {"alembic_version"}
        run.upgrade(owner_url=empty)
        assert tables_of(empty) == there

    def test_match_the_models(self, empty):
        run.upgrade(owner_url=empty)
        command.check(run.alembic_config(empty))

    def test_are_idempotent(self, empty):
        run.upgrade(owner_url=empty)
        run.upgrade(owner_url=empty)
        assert state(empty) == "ok"

    def test_are_reported_as_missing(self, empty):
        assert state(empty) == "behind"


@pytest.mark.processes
class TestDraft:
    def test_of_a_revision_contains_the_difference_between_models_and_database(self, empty, tmp_path):
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
    """A database migrated by a newer release."""
    run.upgrade(owner_url=empty)
    with psycopg.connect(empty, autocommit=True) as owner:
        owner.execute("UPDATE alembic_version SET version_num = '9999'")
        owner.execute("ALTER TABLE orders ADD COLUMN gift boolean")
        owner.execute("ALTER FUNCTION database_metrics() STRICT")
        owner.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
    return empty


class TestNewerDatabase:
    def test_works_with_this_release_if_nothing_that_it_uses_is_missing(self, newer):
        assert state(newer) == "newer"

    @pytest.mark.parametrize(
        ("change", "missing"),
        [
            ("ALTER TABLE mails RENAME COLUMN retry_at TO retry", "mails.retry_at"),
            ("DROP FUNCTION database_metrics()", "database_metrics()"),
        ],
    )
    def test_names_what_is_missing(self, newer, change, missing):
        with psycopg.connect(newer, autocommit=True) as owner:
            owner.execute(change)
        assert state(newer) == f"newer, missing {missing}"

    def test_is_not_changed_by_this_release(self, newer):
        before = schema_of(newer)
        assert not run.upgrade(owner_url=newer, app_url=newer.replace("postgres:", "orderx_later:"))
        assert schema_of(newer) == before


def schema_of(url):
    """What `migrate` may change: privileges of PUBLIC, functions, the revision, roles."""
    queries = (
        "SELECT nspacl::text FROM pg_namespace WHERE nspname = 'public'",
        "SELECT proname, xmin, proisstrict FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
        "SELECT version_num FROM alembic_version",
        "SELECT rolname FROM pg_roles WHERE rolname = 'orderx_later'",
    )
    with psycopg.connect(url) as connection:
        return [connection.execute(query).fetchall() for query in queries]


class TestUpgradeFromAnOlderRelease:
    def test_revokes_privileges_of_public_and_moves_functions_to_the_definer(self, empty):
        command.upgrade(run.alembic_config(empty), "0015")
        with psycopg.connect(empty) as connection:
            connection.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
        run.upgrade(owner_url=empty)
        with psycopg.connect(empty) as connection:
            [privileges] = connection.execute(
                "SELECT has_schema_privilege('public', 'public', 'CREATE'),"
                " has_database_privilege('public', current_database(), 'TEMP')"
            ).fetchall()
            assert privileges == (False, False)
            owners = connection.execute(
                "SELECT DISTINCT proowner::regrole::text FROM pg_proc WHERE prosecdef ORDER BY 1"
            )
            assert owners.fetchall() == [("orderx_definer",), ("orderx_events_owner",)]

    def test_ends_logins_whose_refresh_token_was_used_twice(self, empty):
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
            assert connection.execute("SELECT id FROM sessions WHERE ended_at IS NOT NULL").fetchall() == [(forked,)]

    def test_renames_alert_kinds_and_still_accepts_those_of_the_older_release(self, empty):
        command.upgrade(run.alembic_config(empty), "0026")
        add = "INSERT INTO alerts (kind, key, detail) VALUES ('outbox_ages', 'outbox', '{}')"
        with psycopg.connect(empty) as connection:
            connection.execute(add)
        command.upgrade(run.alembic_config(empty), "0027")
        with psycopg.connect(empty) as connection:
            assert connection.execute("SELECT kind FROM alerts").fetchall() == [("outbox_overdue",)]
            connection.execute(add)
        command.downgrade(run.alembic_config(empty), "0026")
        with psycopg.connect(empty) as connection:
            kinds = connection.execute("SELECT kind, closed_at IS NULL FROM alerts ORDER BY 2").fetchall()
            assert kinds == [("outbox_ages", False), ("outbox_ages", True)]

    def test_tries_again_when_a_transaction_uses_its_table(self, empty, monkeypatch):
        command.upgrade(run.alembic_config(empty), "20261129_card_fingerprints")
        with psycopg.connect(empty) as report:
            report.execute("SELECT FROM sagas")  # the next migration adds a column
            # Only in this module: other threads sleep, too.
            monkeypatch.setattr(run, "time", SimpleNamespace(sleep=lambda _seconds: report.rollback()))
            assert run.upgrade(owner_url=empty)
        assert state(empty) == "ok"

    def test_gives_up_when_a_transaction_keeps_its_table(self, empty, monkeypatch):
        command.upgrade(run.alembic_config(empty), "20261129_card_fingerprints")
        monkeypatch.setattr(run, "ATTEMPTS", 1)
        with psycopg.connect(empty) as report:
            report.execute("SELECT FROM sagas")
            with pytest.raises(Unavailable, match="a transaction uses a table that is to be changed"):
                run.upgrade(owner_url=empty)
            assert report.execute("SELECT version_num FROM alembic_version").fetchall() == [
                ("20261129_card_fingerprints",)
            ]

    def test_runs_again_after_an_index_build_was_interrupted(self, empty):
        config = run.alembic_config(empty)
        command.upgrade(config, "20261129_jobs")
        index = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('sagas_target_idx')"
        with psycopg.connect(empty, autocommit=True) as owner, psycopg.connect(empty) as report:
            owner.execute(f"ALTER DATABASE {owner.info.dbname} SET lock_timeout = '100ms'")
            report.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            report.execute("SELECT FROM outbox")  # the build waits for its snapshot
            with pytest.raises(OperationalError, match="lock timeout"):
                command.upgrade(config, "20261129_saga_targets")
            assert owner.execute(index).fetchall() == [(False,)]
            owner.execute(f"ALTER DATABASE {owner.info.dbname} RESET lock_timeout")
        run.upgrade(owner_url=empty)
        with psycopg.connect(empty) as owner:
            assert owner.execute(index).fetchall() == [(True,)]


class TestLogins:
    def test_have_the_privileges_of_their_group_only(self, empty):
        app = with_login(empty, user="orderx_app_login", password="for-tests-alone")
        run.upgrade(owner_url=empty, app_url=app)
        with psycopg.connect(app) as connection:
            assert connection.execute("SELECT count(*) FROM orders").fetchone() == (0,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("CREATE TABLE mine (id int)")

    def test_get_the_password_in_their_url(self, empty):
        for password in ("first", "it's%20new"):
            login = with_login(empty, user="orderx_migrations_login", password=password)
            run.upgrade(owner_url=empty, app_url=login)
            psycopg.connect(login).close()
        with psycopg.connect(empty) as connection:
            connection.execute("DROP ROLE orderx_migrations_login")

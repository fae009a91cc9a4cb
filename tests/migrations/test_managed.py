"""A managed PostgreSQL: the schema's owner is no superuser, but may create roles and owns the database."""

import psycopg
import pytest
from alembic import command

from kit import alerts
from kit.errors import NotConfigured
from kit.ids import new_id
from migrations import run
from ops.services import directories
from ops.services.postgres import Postgres, create_database, with_login

pytestmark = pytest.mark.processes

LOGIN = {"password": "for-tests-alone"}


@pytest.fixture(scope="module")
def server():
    """A PostgreSQL server in which no other test has created roles."""
    with directories.temporary("orderx-managed-") as home, Postgres(home / "postgres", durable=False) as postgres:
        with psycopg.connect(postgres.url, autocommit=True) as superuser:
            superuser.execute("CREATE ROLE managed LOGIN CREATEROLE PASSWORD 'for-tests-alone'")
        yield postgres


@pytest.fixture
def database(server):
    """The superuser's URL of a new database whose owner is `managed`."""
    name = f"orderx_{new_id().hex}"
    create_database(server.url, name)
    with psycopg.connect(server.url_of(name), autocommit=True) as superuser:
        superuser.execute(f"ALTER DATABASE {name} OWNER TO managed")
    return server.url_of(name)


@pytest.fixture
def urls(database):
    """The arguments of `upgrade`."""
    logins = {"owner_url": "managed", "app_url": "orderx_api", "operator_url": "orderx_ops"}
    return {setting: with_login(database, user=user, **LOGIN) for setting, user in logins.items()}


class TestOwnerWithoutSuperuser:
    def test_can_migrate_repeatedly(self, urls):
        for _ in range(2):
            run.upgrade(**urls)

    def test_creates_functions_that_run_as_the_definer(self, database, urls):
        run.upgrade(**urls)
        user, users = new_id(), "SELECT email FROM users"
        with psycopg.connect(database) as superuser:
            superuser.execute(
                "INSERT INTO users (id, email, name, password_hash) VALUES (%s, 'ada@example.com', 'Ada', '')", [user]
            )
            superuser.execute("INSERT INTO outbox (kind, body) VALUES ('task', '{}')")
        with psycopg.connect(urls["owner_url"]) as owner:
            assert owner.execute(users).fetchall() == []  # row-level security binds it
        with psycopg.connect(urls["app_url"]) as app:
            app.execute("SELECT set_config('orderx.user_id', %s, true)", [str(user)])
            app.execute("SELECT erase_member(%(user)s), erase_user(%(user)s)", {"user": user})
            app.commit()
            [(waited,)] = app.execute("SELECT value FROM database_metrics() WHERE metric = 'outbox'").fetchall()
            assert waited > 0
        with psycopg.connect(database) as superuser:
            assert superuser.execute(users).fetchall() == [(f"erased-{user}@erased.invalid",)]

    def test_can_downgrade(self, urls):
        run.upgrade(**urls)
        run.downgrade(owner_url=urls["owner_url"])

    def test_renames_alerts_of_the_old_kinds(self, database, urls):
        config = run.alembic_config(urls["owner_url"])
        for revision, kind in (("0026", "outbox_ages"), ("0027", "queue_ages"), ("0027", "outbox_overdue")):
            command.upgrade(config, revision)
            with psycopg.connect(database) as superuser:
                superuser.execute("INSERT INTO alerts (kind, key, detail) VALUES (%s, 'key', '{}')", [kind])
        run.upgrade(**urls)
        with psycopg.connect(database) as superuser:
            renamed = superuser.execute("SELECT kind, closed_at IS NULL FROM alerts ORDER BY 1, 2").fetchall()
        assert renamed == [("outbox_overdue", False), ("outbox_overdue", True), ("queue_stalled", True)]

    def test_can_downgrade_with_alerts_of_every_kind(self, database, urls):
        run.upgrade(**urls)
        with psycopg.connect(database) as superuser:
            for kind in alerts.KINDS:
                superuser.execute("INSERT INTO alerts (kind, key, detail) VALUES (%s, 'key', '{}')", [kind])
        run.downgrade(owner_url=urls["owner_url"], revision="0028")
        with psycopg.connect(database) as superuser:
            kept = {kind for (kind,) in superuser.execute("SELECT kind FROM alerts")}
        assert kept == set(alerts.KINDS) - {
            "event_loop", "job_failed", "saga_version_unknown", "schedule_failing", "schedule_overdue",
        }  # fmt: skip

    def test_can_downgrade_with_alerts_of_renamed_kinds(self, database, urls):
        config = run.alembic_config(urls["owner_url"])
        command.upgrade(config, "0027")
        with psycopg.connect(database) as superuser:
            superuser.execute("INSERT INTO alerts (kind, key, detail) VALUES ('queue_stalled', 'key', '{}')")
        command.downgrade(config, "0026")
        with psycopg.connect(database) as superuser:
            assert superuser.execute("SELECT kind FROM alerts").fetchall() == [("queue_ages",)]


class TestOwnerWithoutPrivileges:
    def test_gets_the_statements_that_the_database_owner_must_run(self, database, urls):
        with psycopg.connect(database) as superuser:
            name = superuser.info.dbname
            superuser.execute(f"ALTER DATABASE {name} OWNER TO postgres")
            superuser.execute("GRANT CREATE ON SCHEMA public TO managed")
        with pytest.raises(NotConfigured, match=f'REVOKE TEMP ON DATABASE "?{name}"? FROM PUBLIC'):
            run.upgrade(**urls)

    def test_gets_the_missing_privilege(self, server, database, urls):
        with psycopg.connect(database) as superuser:
            superuser.execute("CREATE ROLE powerless LOGIN PASSWORD 'for-tests-alone'")
            superuser.execute(f"ALTER DATABASE {superuser.info.dbname} OWNER TO powerless")
        powerless = with_login(database, user="powerless", **LOGIN)
        with pytest.raises(NotConfigured, match="ORDERX_OWNER_DATABASE_URL: permission denied"):
            run.upgrade(**{**urls, "owner_url": powerless})

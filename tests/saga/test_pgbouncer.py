"""Orders through a real PgBouncer in transaction mode."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url, text

from kit import db
from kit.config import settings
from kit.db.session_settings import SETTINGS
from kit.errors import NotConfigured
from kit.messaging import pg_notify
from kit.tenancy import Tenant
from migrations import run as migrations
from tests import factories, requirements
from tests.connections import reconnect
from tests.pgbouncer_process import SERVER_CONNECTIONS, running_pgbouncer
from tests.saga.order_scenario import OrderScenario, findings

# The tests change the settings of a login, which the databases of all pytest workers share.
pytestmark = pytest.mark.xdist_group("pgbouncer")

URLS = {"app": "database_url", "operator": "operator_database_url"}
CLIENTS, TRANSACTIONS = 12, 1200
WHERE = "SELECT name, current_setting(name) FROM unnest(CAST(:names AS text[])) AS name"


@pytest.fixture
def pooled(database, monkeypatch):
    """Both roles' URLs lead to a PgBouncer; the direct ones by role. The tests' own login brings its settings along."""
    requirements.require_pgbouncer()
    direct = {role: settings().require(setting) for role, setting in URLS.items()}
    with running_pgbouncer(*direct.values()) as through:
        for setting, url in zip(URLS.values(), through, strict=True):
            monkeypatch.setenv(f"ORDERX_{setting.upper()}", url)
        monkeypatch.setenv("ORDERX_POOL_SIZE", str(CLIENTS))
        reconnect()
        yield direct
        reconnect()
        monkeypatch.undo()
        reconnect()


@contextmanager
def login_without(setting, owner_url, app_url):
    """The app's login as it is before `orderx migrate` has set this on it."""
    login = sql.Identifier(make_url(app_url).username)
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute(sql.SQL("ALTER ROLE {} RESET {}").format(login, sql.Identifier(setting)))
    try:
        yield
    finally:
        with psycopg.connect(owner_url, autocommit=True) as owner:
            migrations._create_login(owner, app_url, "orderx_app")


@pytest.mark.usefixtures("pooled")
class TestSettings:
    def test_all_arrive(self):
        with db.transaction(Tenant()):
            session = db.session()
            assert dict(session.execute(text(WHERE), {"names": list(SETTINGS)}).all()) == SETTINGS
        with db.operator_transaction():
            session = db.session()
            assert dict(session.execute(text(WHERE), {"names": list(SETTINGS)}).all()) == SETTINGS


class TestStart:
    @pytest.mark.parametrize("setting", SETTINGS)
    def test_is_refused_where_a_setting_does_not_arrive(self, database, pooled, setting):
        refused = rf"ORDERX_DATABASE_URL: {setting} is \S+ behind the pooler: run `orderx migrate`"
        with (
            login_without(setting, database, pooled["app"]),
            pytest.raises(NotConfigured, match=refused),
            db.transaction(Tenant()),
        ):
            pass

    def test_is_refused_where_listen_would_go_through_the_pooler(self, pooled, monkeypatch):
        for role, setting in URLS.items():
            with pytest.raises(NotConfigured, match="set ORDERX_LISTEN_URL"):
                pg_notify.require_no_pooler(setting)
            monkeypatch.setenv("ORDERX_LISTEN_URL", pooled[role])
            settings.cache_clear()
            pg_notify.require_no_pooler(setting)
            monkeypatch.delenv("ORDERX_LISTEN_URL")
            settings.cache_clear()

    @pytest.mark.parametrize("command", ["api", "relay"])
    @pytest.mark.usefixtures("pooled")
    def test_of_a_process_that_listens_takes_one_line_to_refuse(self, command):
        env = {**os.environ, "ORDERX_BROKER_URL": "amqp://127.0.0.1:1//"}
        words = [sys.executable, "-m", "ops.cli", command]
        done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=60, check=False)
        refused = (
            "LISTEN does not work through a connection pooler: set ORDERX_LISTEN_URL to PostgreSQL itself, "
            "with the same login"
        )
        assert (done.returncode, done.stderr) == (1, f"orderx: {refused}\n")


class TestDirectly:
    def test_settings_that_a_login_does_not_bring_along_are_set_for_the_session(self, database):
        with login_without("jit", database, settings().require("database_url")):
            reconnect()
            with db.transaction(Tenant()):
                session = db.session()
                assert dict(session.execute(text(WHERE), {"names": list(SETTINGS)}).all()) == SETTINGS
        reconnect()


class TestListener:
    def test_receives_notifications_sent_through_the_pooler(self, pooled, monkeypatch):
        monkeypatch.setenv("ORDERX_LISTEN_URL", pooled["app"])
        settings.cache_clear()
        with pg_notify.listen(pg_notify.listen_url("database_url"), pg_notify.CHANNEL) as connection:
            with db.transaction(Tenant()):
                session = db.session()
                session.execute(text("SELECT pg_notify(:channel, 'told')"), {"channel": pg_notify.CHANNEL})
            assert [each.payload for each in connection.notifies(timeout=60, stop_after=1)] == ["told"]


@pytest.mark.usefixtures("pooled")
class TestTransactions:
    def test_of_many_clients_share_few_sessions_and_see_their_own_company_alone(self):
        companies = [factories.make_company() for _ in range(2)]
        shops = {company.id: factories.make_shop(company).id for company in companies}
        queries = [
            f"SELECT company_id, id, {number} FROM shops WHERE name <> %(no)s" for number in range(10)
        ]  # each is run often enough to be prepared, where that is not turned off

        def look(turn):
            company_id = companies[turn % 2].id
            with db.transaction(Tenant(company_id=company_id)):
                rows = db.run(queries[turn % len(queries)], {"no": "none"}).fetchall()
                (backend,) = db.run("SELECT pg_backend_pid()", {}).fetchone()
            assert [row[:2] for row in rows] == [(company_id, shops[company_id])]
            return backend

        with ThreadPoolExecutor(CLIENTS) as clients:
            backends = set(clients.map(look, range(TRANSACTIONS)))
        assert 1 < len(backends) <= SERVER_CONNECTIONS

    def test_prepare_no_statements_by_default(self, monkeypatch):
        def threshold():
            with db.transaction(Tenant()):
                return db._unit.get().raw.prepare_threshold

        assert threshold() is None
        monkeypatch.setenv("ORDERX_PREPARED_STATEMENTS", "on")
        reconnect()
        assert threshold() == 5


class TestOrders:
    def test_are_paid_refused_and_cancelled(self, database, outside_world, pooled):
        front = OrderScenario(database)
        paid, declined, cancelled = front.place(), front.place(method="pm_card_chargeDeclined"), front.place()
        front.cancel(cancelled)
        front.run_until_idle()
        assert [front.order(order).status for order in (paid, declined, cancelled)] == ["paid", "failed", "cancelled"]
        assert findings() == []

"""Statements end when the server does not answer, and are waited for when it works on them."""

from urllib.parse import urlsplit

import psycopg
import pytest

from kit import db
from kit.config import settings
from kit.db import watchdog
from ops.chaos.tcp_proxy import TcpProxy
from tests.connections import reconnect


@pytest.fixture
def quick_watchdog(monkeypatch):
    """A watchdog that asks the server after half a second."""
    monkeypatch.setattr(watchdog, "CHECK_AFTER_SECONDS", 0.5)
    monkeypatch.setattr(watchdog, "ANSWER_SECONDS", 2)
    monkeypatch.setattr(watchdog, "_CHECK_INTERVAL", 0.1)
    watchdog.start()


@pytest.fixture
def proxy(database, monkeypatch):
    """A proxy between the app role and the server, which can be stopped."""
    url = settings().require("database_url")
    proxy = TcpProxy(urlsplit(url).port)
    proxy.start()
    monkeypatch.setenv("ORDERX_DATABASE_URL", proxy.reroute(url))
    reconnect()
    yield proxy
    proxy.stop()
    monkeypatch.undo()
    reconnect()


class TestStatement:
    @pytest.mark.parametrize("begun", [False, True])
    def test_ends_as_an_outage_when_the_server_falls_silent(self, quick_watchdog, proxy, begun):
        with db.transaction():
            pass
        if not begun:
            proxy.hang()
        with pytest.raises(psycopg.OperationalError) as ended, db.transaction():
            proxy.hang()
            db.run("SELECT 1", {})
        assert db.is_outage(ended.value)
        proxy.restore()
        with db.transaction():
            assert db.run("SELECT 1", {}).fetchone() == (1,)

    def test_continues_while_the_server_works_on_it(self, quick_watchdog, proxy):
        with db.transaction():
            assert db.run("SELECT pg_sleep(3), 1", {}).fetchone()[1] == 1

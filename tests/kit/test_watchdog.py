"""Statements end when the server does not answer, and are waited for when it works on them."""

from urllib.parse import urlsplit

import psycopg
import pytest

from kit import db, watchdog
from kit.config import settings
from ops.chaos.wire import Wire
from tests.connections import reconnect


@pytest.fixture
def quick_watchdog(monkeypatch):
    """A watchdog that asks the server after half a second."""
    monkeypatch.setattr(watchdog, "SECONDS", 0.5)
    monkeypatch.setattr(watchdog, "ANSWER_SECONDS", 2)
    monkeypatch.setattr(watchdog, "_CHECK_INTERVAL", 0.1)
    watchdog.start()


@pytest.fixture
def wire(database, monkeypatch):
    """A proxy between the app role and the server, which can be stopped."""
    url = settings().require("database_url")
    wire = Wire(urlsplit(url).port)
    wire.open()
    monkeypatch.setenv("ORDERX_DATABASE_URL", wire.through(url))
    reconnect()
    yield wire
    wire.close()
    monkeypatch.undo()
    reconnect()


class TestStatement:
    @pytest.mark.parametrize("begun", [False, True])
    def test_ends_as_an_outage_when_the_server_falls_silent(self, quick_watchdog, wire, begun):
        with db.transaction():
            pass
        if not begun:
            wire.hang()
        with pytest.raises(psycopg.OperationalError) as ended, db.transaction():
            wire.hang()
            db.run("SELECT 1", {})
        assert db.is_outage(ended.value)
        wire.restore()
        with db.transaction():
            assert db.run("SELECT 1", {}).fetchone() == (1,)

    def test_continues_while_the_server_works_on_it(self, quick_watchdog, wire):
        with db.transaction():
            assert db.run("SELECT pg_sleep(3), 1", {}).fetchone()[1] == 1

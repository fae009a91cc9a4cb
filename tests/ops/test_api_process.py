"""The API as a process of its own: told to stop, it finishes what it has in hand and takes on nothing more."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import requests

from api.app import create_app
from ops.services import ports
from ops.services.process import Process
from ops.services.readiness import http, tcp
from tests import factories
from tests.api.client import Api
from tests.waiting import until

WAITING = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def port():
    return ports.free_port()


@pytest.fixture
def process(database, port, tmp_path):
    argv = [sys.executable, "-m", "ops.cli", "api", "--port", str(port), "--workers", "2"]
    ready = http(f"http://127.0.0.1:{port}/healthz")
    with Process("api", argv, log=tmp_path / "api.log", env=os.environ, ready=ready) as running:
        yield running


class TestStop:
    def test_waits_for_the_answer_that_somebody_is_waiting_for(self, process, port, database):
        user = factories.make_user()
        sent = {"Authorization": f"Bearer {Api(create_app()).acting_as(user).token}"}
        me = f"http://127.0.0.1:{port}/api/me"
        with (
            ThreadPoolExecutor(1) as pool,
            psycopg.connect(database) as holder,
            psycopg.connect(database, autocommit=True) as onlooker,
        ):
            holder.execute("SELECT FROM users WHERE id = %s FOR UPDATE", [user.id])
            asked = pool.submit(requests.patch, me, json={"name": "Ada King"}, headers=sent, timeout=60)
            until(lambda: onlooker.execute(WAITING).fetchone() is not None, "the request does not wait for the row")
            process.ask_to_stop()
            until(lambda: not tcp(port)(process), "it still takes on more")
            assert not asked.done()
            assert process.running
            holder.rollback()
            answer = asked.result()
        assert (answer.status_code, answer.json()["name"]) == (200, "Ada King")
        until(lambda: process.exit_code is not None, "it does not end")
        assert process.exit_code == 0

"""The API as a separate process: how it answers raw request bodies, and how it stops.

Told to stop, it finishes what it has in hand and takes on nothing more.
"""

import json
import os
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse

import psycopg
import pytest
import requests

from api.app import MAX_BODY_BYTES
from ops.services import ports, process_tree
from ops.services.process import Process
from ops.services.readiness import http, tcp
from tests import factories
from tests.api.client import Api
from tests.api.shared_app import shared_app
from tests.waiting import until

pytestmark = pytest.mark.processes

WAITING = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
PROFILES = 'orderx_http_requests_total{endpoint="me.get_me",method="GET",status="401"}'
USER = json.dumps({"email": "ada@customers.example", "name": "Ada", "password": "correct horse battery"}).encode()


def chunks(*bodies: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(body), body) for body in (*bodies, b""))


@pytest.fixture
def port():
    return ports.free_port()


@pytest.fixture
def temporary(tmp_path):
    """Where the process keeps what it needs only while it runs."""
    directory = tmp_path / "temporary"
    directory.mkdir()
    return directory


@pytest.fixture
def process(database, port, tmp_path, temporary):
    argv = [sys.executable, "-m", "ops.cli", "api", "--port", str(port), "--workers", "2"]
    ready = http(f"http://127.0.0.1:{port}/healthz")
    env = {**os.environ, "TMPDIR": str(temporary)}
    with Process("api", argv, log=tmp_path / "api.log", env=env, ready=ready) as running:
        yield running


@pytest.mark.usefixtures("process")
class TestBody:
    @pytest.fixture
    def register(self, port):
        def answer(framing: str, body: bytes) -> tuple[int, str | None, str | None]:
            head = f"POST /api/auth/register HTTP/1.1\r\nHost: orderx\r\nContent-Type: application/json\r\n{framing}"
            with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
                connection.sendall(f"{head}\r\n\r\n".encode() + body)
                connection.shutdown(socket.SHUT_WR)
                response = HTTPResponse(connection)
                response.begin()
                return response.status, json.loads(response.read()).get("code"), response.getheader("Connection")

        return answer

    def test_is_complete_or_refused(self, register):
        in_chunks, largest = "Transfer-Encoding: chunked", USER.ljust(MAX_BODY_BYTES)
        assert register(in_chunks, chunks(USER[:9], largest[9:])) == (202, None, "keep-alive")
        assert register(in_chunks, chunks(largest, b" "))[:2] == (413, "request_entity_too_large")
        assert register(f"Content-Length: {len(USER) + 1}", USER)[:2] == (400, "bad_request")
        for misframed in (b"zz\r\n{}\r\n0\r\n\r\n", chunks(USER)[:-5], chunks(USER)[:-2] + b"x: y\n\r\n"):
            assert register(in_chunks, misframed) == (400, "bad_request", "close")

    def test_closes_the_connection_when_it_is_too_large(self, port, register):
        body = chunks(b" " * MAX_BODY_BYTES, b" " * 20_000)
        assert register("Transfer-Encoding: chunked", body) == (413, "request_entity_too_large", "close")
        announced = f"Content-Length: {MAX_BODY_BYTES + 1}"
        assert register(announced, b"") == (413, "request_entity_too_large", "close")

    def test_keeps_the_connection_when_the_app_does_not_read_it(self, port):
        assert self.stranger(port, 64 * 1024, 0) == [(401, "keep-alive")] * 2

    def stranger(self, port, *sizes):
        """The answers to requests whose bodies are not read, over one connection."""
        answers = []
        with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            for size in sizes:
                connection.request("POST", "/api/companies", body=b" " * size)
                answer = connection.getresponse()
                answer.read()
                answers.append((answer.status, answer.getheader("Connection")))
        return answers


class TestMetrics:
    @pytest.fixture
    def counted(self, port):
        """How many requests for a profile the process that answers knows of."""
        token = {"Authorization": f"Bearer {os.environ['ORDERX_METRICS_TOKEN']}"}

        def read() -> float:
            text = requests.get(f"http://127.0.0.1:{port}/metrics", headers=token, timeout=60).text
            return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(PROFILES))

        return read

    @pytest.fixture
    def ask(self, process, port):
        def ask(times: int) -> None:
            for _ in range(times):
                assert requests.get(f"http://127.0.0.1:{port}/api/me", timeout=60).status_code == 401

        return ask

    def test_are_the_sum_of_all_its_processes(self, ask, counted):
        ask(40)
        assert [counted() for _ in range(20)] == [40] * 20

    def test_keep_the_counts_of_dead_processes_but_not_their_files(self, process, ask, counted, temporary):
        ask(20)
        died = process_tree.children(process.pid)
        for each in died:
            os.kill(each, signal.SIGKILL)
        until(lambda: not {*died} & {*process_tree.children(process.pid)}, "they do not die")
        until(lambda: len(process_tree.children(process.pid)) == 2, "no others are started")
        ask(20)
        assert [counted() for _ in range(5)] == [40] * 5
        files = {file.name for file in temporary.glob("orderx-metrics-*/*.db")}
        assert "counter_ended.db" in files
        assert [name for name in files for each in died if name.endswith(f"_{each}.db")] == []

    def test_leave_no_files_when_it_stops(self, process, ask, temporary):
        ask(1)
        assert list(temporary.glob("orderx-metrics-*/*.db")) != []
        process.stop()
        assert list(temporary.glob("orderx-metrics-*")) == []


class TestStop:
    def test_waits_for_the_responses_in_progress(self, process, port, database):
        user = factories.make_user()
        sent = {"Authorization": f"Bearer {Api(shared_app()).acting_as(user).token}"}
        me = f"http://127.0.0.1:{port}/api/me"
        with (
            ThreadPoolExecutor(1) as pool,
            psycopg.connect(database) as holder,
            psycopg.connect(database, autocommit=True) as onlooker,
        ):
            holder.execute("SELECT FROM users WHERE id = %s FOR UPDATE", [user.id])
            asked = pool.submit(requests.patch, me, json={"name": "Ada King"}, headers=sent, timeout=60)
            until(lambda: onlooker.execute(WAITING).fetchone() is not None, "the request does not wait for the row")
            process.request_stop()
            until(lambda: not tcp(port)(process), "it still takes on more")
            assert not asked.done()
            assert process.is_running
            holder.rollback()
            answer = asked.result()
        assert (answer.status_code, answer.json()["name"]) == (200, "Ada King")
        until(lambda: process.exit_code is not None, "it does not end")
        assert process.exit_code == 0

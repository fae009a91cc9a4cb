"""Slow clients occupy no threads of the API, and are disconnected after a timeout."""

import asyncio
import select
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg
import pytest
import requests

from bench.slow_clients.attacks import ATTACKS, attacking
from kit.config import settings
from tests import factories
from tests.api.client import Api
from tests.api.shared_app import shared_app
from tests.ops.server.conftest import HEAD, answer_from, answers_from
from tests.waiting import until

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
THREADS = 2
AT_MOST = 1.0
"""Seconds for /healthz, as the requirement has it."""
LONG_ANSWER = b"GET /api/openapi.json HTTP/1.1\r\nHost: orderx\r\n\r\n"


@pytest.fixture(scope="module")
def server(serve):
    return serve("--threads", str(THREADS))


@pytest.fixture(scope="module")
def impatient(serve):
    """A server that waits for its clients for a second."""
    return serve(HEAD_TIMEOUT=1, BODY_TIMEOUT=1, READ_TIMEOUT=1, STOP_TIMEOUT=1)


def is_readable(client: socket.socket) -> bool:
    """Whether the server has said something."""
    return bool(select.select([client], [], [], 0.02)[0])


class TestSlowClients:
    @pytest.mark.parametrize("kind", ATTACKS)
    def test_occupy_no_thread(self, server, database, kind):
        user = factories.make_user()
        token = Api(shared_app()).acting_as(user).token

        async def while_they_are_there():
            address = ("127.0.0.1", server.port)
            async with attacking(address, kinds=[kind], connections=10 * THREADS):
                health = await asyncio.to_thread(requests.get, f"{server.url}/healthz", timeout=10)
                headers = {"Authorization": f"Bearer {token}"}
                return health, await asyncio.to_thread(
                    requests.get, f"{server.url}/api/me", headers=headers, timeout=60
                )

        health, me = asyncio.run(while_they_are_there())
        assert (health.status_code, me.status_code) == (200, 200)
        assert health.elapsed.total_seconds() < AT_MOST

    @pytest.mark.parametrize(
        "sent",
        [b"GET", HEAD, HEAD + b"Content-Length: 100\r\n\r\n{", HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"],
        ids=["head", "headers", "body", "chunks"],
    )
    def test_get_408_when_a_request_is_incomplete_in_time(self, impatient, sent):
        answer = impatient.ask(sent)
        assert (answer.status, answer.getheader("Connection")) == (408, "close")
        assert answer.getheader("Content-Type") == "application/problem+json"
        assert '"code": "request_timeout"' in answer.text

    def test_get_408_even_if_they_keep_sending(self, impatient):
        with impatient.connection(HEAD + b"X-Slow: ") as client:
            client.setblocking(False)
            until(lambda: client.send(b"x") and is_readable(client), "it goes on waiting")
            client.setblocking(True)
            assert answer_from(client).status == 408

    def test_are_closed_when_they_send_nothing(self, impatient):
        with impatient.connection() as client:
            assert client.recv(1) == b""

    def test_are_closed_when_they_read_nothing(self, impatient):
        with impatient.connection(LONG_ANSWER * 20, keeps=2048) as client:
            until(lambda: client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "it is not closed")

    def test_get_a_long_response_in_full_if_they_keep_reading(self, impatient):
        with impatient.connection(LONG_ANSWER * 3, keeps=2048) as client:
            answers = answers_from(client, 3)
        assert [len(answer.text) for answer in answers] == [int(answers[0].getheader("Content-Length"))] * 3

    def test_do_not_delay_the_stop_of_the_process(self, serve):
        server = serve(STOP_TIMEOUT=0.5)
        with server.connection(HEAD), server.connection(LONG_ANSWER * 20, keeps=2048), server.connection():
            server.process.request_stop()
            until(lambda: server.process.exit_code is not None, "it does not end", seconds=15)
        assert server.process.exit_code == 0


class TestProbes:
    def test_are_answered_while_all_threads_wait_for_the_database(self, server, database):
        user = factories.make_user()
        sent = {"Authorization": f"Bearer {Api(shared_app()).acting_as(user).token}"}
        me = f"{server.url}/api/me"
        with (
            ThreadPoolExecutor(2 * THREADS) as pool,
            psycopg.connect(database) as holder,
            psycopg.connect(database, autocommit=True) as onlooker,
        ):
            holder.execute("SELECT FROM users WHERE id = %s FOR UPDATE", [user.id])
            asked = [
                pool.submit(requests.patch, me, json={"name": "Ada"}, headers=sent, timeout=60)
                for _ in range(2 * THREADS)
            ]
            until(lambda: onlooker.execute(WAITING).fetchone() == (THREADS,), "not all threads wait")
            operator = {"Authorization": f"Bearer {settings().require('metrics_token')}"}
            for path in ("/healthz", "/readyz", "/metrics"):
                assert requests.get(server.url + path, headers=operator, timeout=10).status_code == 200
            assert not any(each.done() for each in asked)
            holder.rollback()
            assert {each.result().status_code for each in asked} == {200}


class TestLimits:
    def test_of_memory_refuse_the_largest_request(self, serve):
        server = serve(MAX_BUFFERED_BYTES=1_000_000)
        large = HEAD + b"Content-Length: 1000000\r\n\r\n" + b" " * 700_000
        with server.connection(large) as larger, server.connection(HEAD + b"Content-Length: 900000\r\n\r\n") as smaller:
            smaller.sendall(b" " * 400_000)
            refused = answer_from(larger)
            assert (refused.status, refused.getheader("Retry-After")) == (503, "5")
            smaller.sendall(b" " * 500_000)
            assert answer_from(smaller).status == 400  # it is no JSON
        assert requests.get(f"{server.url}/healthz", timeout=10).status_code == 200

    def test_of_connections_close_the_one_that_has_waited_longest(self, serve):
        server = serve("--connections", "4")
        with ExitStack() as open_ones:
            first, *others = [open_ones.enter_context(server.connection(HEAD)) for _ in range(4)]
            assert requests.get(f"{server.url}/healthz", timeout=10).status_code == 200
            with pytest.raises(ConnectionResetError):
                first.recv(1)
            for other in others:
                other.setblocking(False)
                with pytest.raises(BlockingIOError):
                    other.recv(1)

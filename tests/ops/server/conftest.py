import os
import socket
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from io import BufferedReader
from pathlib import Path
from types import SimpleNamespace

import pytest

from ops.services import ports
from ops.services.process import Process
from ops.services.readiness import http

HEAD = b"POST /api/auth/register HTTP/1.1\r\nHost: orderx\r\nContent-Type: application/json\r\n"


@dataclass
class Server:
    """A process of the API, and ways to speak to it."""

    port: int
    process: Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def connection(self, sent: bytes = b"", *, keeps: int | None = None):
        """A connection over which this has been sent; the client's kernel `keeps` this number of unread bytes."""
        with socket.socket() as client:
            client.settimeout(60)
            if keeps is not None:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, keeps)
            client.connect(("127.0.0.1", self.port))
            client.sendall(sent)
            yield client

    def ask(self, sent: bytes) -> HTTPResponse:
        """The answer to these bytes, with its `body`."""
        with self.connection(sent) as client:
            return answer_from(client)


class Reader(BufferedReader):
    """Reads several answers, of which each would close it."""

    def close(self) -> None:
        """Stay open."""


def answers_from(client: socket.socket, count: int) -> list[HTTPResponse]:
    """The next answers that come over the connection, with their `text`."""
    answers = []
    with client.makefile("rb", buffering=0) as raw:
        reader = Reader(raw)
        for _ in range(count):
            answer = HTTPResponse(SimpleNamespace(makefile=lambda _: reader))
            answer.begin()
            answer.text = answer.read().decode()
            answers.append(answer)
    return answers


def answer_from(client: socket.socket) -> HTTPResponse:
    """The next answer that comes over the connection, with its `text`."""
    return answers_from(client, 1)[0]


@pytest.fixture(scope="module")
def serve(tmp_path_factory):
    """Starts processes of the API with these limits and options."""
    with ExitStack() as running:

        def start(*options: str, **limits: float) -> Server:
            port = ports.free_port()
            words = [
                "-m",
                "tests.ops.server.orderx_with_limits",
                *(f"{name}={value}" for name, value in limits.items()),
                "--",
            ]
            argv = [sys.executable, *words, "api", "--port", str(port), *options]
            log = Path(tmp_path_factory.mktemp("api")) / "api.log"
            ready = http(f"http://127.0.0.1:{port}/healthz")
            process = Process("api", argv, log=log, env=os.environ, cwd=Path.cwd(), ready=ready)
            return Server(port, running.enter_context(process))

        yield start

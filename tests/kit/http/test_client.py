"""The guarded client reaches public addresses and nothing else, however they are written or resolved."""

import socket
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kit.config import Settings
from kit.http import client as guarded
from kit.http.client import GuardedClient, Limits, RequestFailed, UnsafeUrl


class Handler(BaseHTTPRequestHandler):
    """Answers by the path."""

    def do_GET(self):
        self.server.paths.append((self.path, self.headers["Host"]))
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.path == "/slow-head":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            self.trickle()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        if self.path == "/endless":
            with_chunks = b"x" * 65536
            try:
                while True:
                    self.wfile.write(with_chunks)
            except OSError:
                return
        if self.path == "/slow":
            self.trickle()
            return
        self.wfile.write(b"hello")

    def trickle(self):
        """Send a byte now and then, until the client or the test has ended."""
        with suppress(OSError):
            while not self.server.ended.wait(0.02):
                self.wfile.write(b"x")

    def log_message(self, *_):
        """Print nothing."""


@contextmanager
def serving():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.paths, server.ended = [], threading.Event()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.ended.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def server():
    with serving() as running:
        yield running


@pytest.fixture
def sandbox(server):
    """A client that may reach the server on the loopback interface."""
    return GuardedClient(local_ports=frozenset({server.server_port}))


@pytest.fixture
def resolved(monkeypatch):
    """Set what names resolve to, one answer after the other, and record the addresses that are connected to."""
    connected = []

    def resolve(*answers):
        answers = list(answers)

        def getaddrinfo(host, port, *_, **__):
            found = answers.pop(0) if len(answers) > 1 else answers[0]
            return [
                (socket.AF_INET6 if ":" in each else socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
                for each in found
            ]

        monkeypatch.setattr(guarded.socket, "getaddrinfo", getaddrinfo)

    def connect(self, family, address):
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(GuardedClient, "_connected", connect)
    resolve.connected = connected
    return resolve


class TestRequest:
    def test_reads_the_answer(self, sandbox, server):
        answer = sandbox.request("GET", f"http://localhost:{server.server_port}/a?b=c")
        assert (answer.status, answer.content, answer.headers["Content-Type"]) == (200, b"hello", "text/plain")
        assert server.paths == [("/a?b=c", f"localhost:{server.server_port}")]

    def test_does_not_follow_redirects(self, sandbox, server):
        answer = sandbox.request("GET", f"http://127.0.0.1:{server.server_port}/redirect")
        assert (answer.status, answer.headers["Location"]) == (302, "http://169.254.169.254/")
        assert len(server.paths) == 1

    def test_ends_at_the_limit_of_bytes(self, sandbox, server):
        client = GuardedClient(Limits(max_bytes=100_000), sandbox.local_ports)
        with pytest.raises(RequestFailed, match="longer than 100000 bytes"):
            client.request("GET", f"http://127.0.0.1:{server.server_port}/endless")

    @pytest.mark.parametrize("path", ["/slow", "/slow-head"])
    def test_ends_at_the_limit_of_time_although_bytes_keep_coming(self, sandbox, server, path):
        client = GuardedClient(Limits(total=0.1), sandbox.local_ports)
        with pytest.raises(RequestFailed):
            client.request("GET", f"http://127.0.0.1:{server.server_port}{path}")

    def test_says_when_nobody_answers(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        with pytest.raises(RequestFailed):
            GuardedClient(local_ports=frozenset({port})).request("GET", f"http://127.0.0.1:{port}/")


class TestLoopback:
    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
    def test_is_refused_in_every_notation(self, server, host):
        client = GuardedClient(Limits(ports=frozenset({server.server_port})))
        with pytest.raises((UnsafeUrl, RequestFailed)):
            client.request("GET", f"http://{host}:{server.server_port}/")
        assert server.paths == []

    def test_is_open_at_the_ports_that_the_settings_name(self, server, monkeypatch):
        monkeypatch.setattr(guarded, "settings", lambda: Settings(sandbox_ports=f"1,{server.server_port}"))
        url = f"http://127.0.0.1:{server.server_port}/"
        assert GuardedClient.configured().request("GET", url).content == b"hello"
        monkeypatch.setattr(guarded, "settings", Settings)
        with pytest.raises(UnsafeUrl):
            GuardedClient.configured().request("GET", url)

    def test_is_open_at_the_ports_of_sandboxes_only(self, sandbox):
        with serving() as other, pytest.raises(UnsafeUrl, match="port"):
            sandbox.request("GET", f"http://127.0.0.1:{other.server_port}/")
        assert other.paths == []


class TestResolution:
    @pytest.mark.parametrize(
        "addresses",
        [["10.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"], ["2606:4700::1", "fd00::1"], []],
    )
    def test_refuses_a_name_if_one_of_its_addresses_is_not_public(self, resolved, addresses):
        resolved(addresses)
        with pytest.raises(UnsafeUrl):
            GuardedClient().request("GET", "https://shop.example/")
        assert resolved.connected == []

    def test_connects_to_the_address_that_was_checked_and_resolves_once(self, resolved):
        resolved(["8.8.8.8"], ["127.0.0.1"])
        with pytest.raises(RequestFailed):
            GuardedClient().request("GET", "https://shop.example/")
        assert resolved.connected == ["8.8.8.8"]

    def test_tries_the_next_address(self, resolved):
        resolved(["2606:4700::1", "8.8.8.8"])
        with pytest.raises(RequestFailed):
            GuardedClient().request("GET", "http://shop.example/")
        assert resolved.connected == ["2606:4700::1", "8.8.8.8"]


class TestUrl:
    @pytest.mark.parametrize(
        "url",
        [
            "", "shop.example", "//shop.example/", "ftp://shop.example/", "file:///etc/passwd", "gopher://shop.example/",
            "http://", "http:///path", "http://user@shop.example/", "http://user:word@shop.example/",
            "http://shop.example:22/", "http://shop.example:8080/", "http://shop.example:99999/", "http://[::1/",
            "http://shop.example/\r\nHost: other", "http://shop.example/ x", "http:\\\\shop.example", "http://\x00/",
            f"http://shop.example/{'x' * 2000}", "http://shop.example@127.0.0.1/", "http://:@127.0.0.1/",
        ],
    )  # fmt: skip
    def test_is_refused_before_anything_is_resolved(self, resolved, url):
        resolved(["8.8.8.8"])
        with pytest.raises(UnsafeUrl):
            GuardedClient().request("GET", url)
        assert resolved.connected == []

"""A client for addresses that users give us: it connects to public addresses only, and follows no redirects.

The name is resolved once, and the connection goes to an address that was checked, so a name that resolves to another
address a moment later changes nothing. Response and duration are limited.
"""

import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Self

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from kit.config import settings
from kit.errors import DomainError
from kit.http.addresses import is_public

MAX_URL_LENGTH = 2000
MAX_ATTEMPTS = 4
"""Addresses of a host that are tried."""
_CHUNK = 64 * 1024


class UnsafeUrl(DomainError):
    """Send a public http or https address, without user and password."""

    code = "unsafe_url"


class RequestFailed(Exception):
    """The server could not be reached, or did not answer as expected, or in time."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a request may take. Times are in seconds; `total` is from the start to the last byte of the response."""

    max_bytes: int = 10 * 1024 * 1024
    connect: float = 3.0
    read: float = 5.0
    total: float = 20.0
    ports: frozenset[int] = frozenset({80, 443})


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: its status, headers and whole content. A redirect is an answer, too, and is not followed."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True, slots=True)
class GuardedClient:
    """Sends requests to public addresses.

    `local_ports` are ports of the loopback interface that are allowed, too: those of sandboxes, in development only.
    """

    limits: Limits = field(default_factory=Limits)
    local_ports: frozenset[int] = frozenset()

    @classmethod
    def configured(cls, limits: Limits | None = None) -> Self:
        """A client that may reach the sandboxes of this installation, if its settings name any."""
        ports = settings().sandbox_ports
        return cls(limits or Limits(), frozenset(map(int, ports.split(","))) if ports else frozenset())

    def request(
        self, method: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request and read the whole response. Raises UnsafeUrl, which is final, and RequestFailed."""
        target = self._parsed(url)
        with _Deadline(self.limits.total) as deadline:
            return self._send(method, target, body, {"Accept-Encoding": "identity", **(headers or {})}, deadline)

    def _send(
        self,
        method: str,
        target: urllib3.util.Url,
        body: bytes | None,
        headers: Mapping[str, str],
        deadline: "_Deadline",
    ) -> Answer:
        def connect(host: str, port: int) -> socket.socket:
            return deadline.shut_down_late(self._connect(host, port))

        pool_class = _HttpsPool if target.scheme == "https" else _HttpPool
        pool = pool_class(
            target.host or "", target.port, timeout=urllib3.Timeout(self.limits.connect, self.limits.read),
            maxsize=1, connect_to=connect,
        )  # fmt: skip
        try:
            response = pool.urlopen(
                method, target.request_uri, body=body, headers=headers,
                redirect=False, retries=False, preload_content=False, decode_content=False,
            )  # fmt: skip
            return Answer(response.status, dict(response.headers), self._content(response, deadline))
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise RequestFailed(type(error).__name__) from error
        finally:
            pool.close()

    def _parsed(self, url: str) -> urllib3.util.Url:
        """The parsed URL; raises UnsafeUrl before anything is sent."""
        if len(url) > MAX_URL_LENGTH or not url.isprintable() or " " in url or "\\" in url:
            raise UnsafeUrl
        try:
            target = urllib3.util.parse_url(url)
        except urllib3.exceptions.LocationParseError:
            raise UnsafeUrl from None
        if target.scheme not in {"http", "https"} or not target.host or target.auth is not None:
            raise UnsafeUrl
        port = target.port or (443 if target.scheme == "https" else 80)
        if port not in self.limits.ports | self.local_ports:
            raise UnsafeUrl(f"Send an address with a port that is allowed: {port} is not.")
        return target._replace(port=port)

    def _content(self, response: urllib3.BaseHTTPResponse, deadline: "_Deadline") -> bytes:
        found = bytearray()
        while chunk := response.read1(_CHUNK):
            found += chunk
            if len(found) > self.limits.max_bytes:
                raise RequestFailed(f"the response is longer than {self.limits.max_bytes} bytes")
        if deadline.is_over.is_set():  # the end is that of the connection, not of the response
            raise RequestFailed(f"the response took longer than {self.limits.total} s")
        return bytes(found)

    def _connect(self, host: str, port: int) -> socket.socket:
        """Connect to one of the host's addresses. All of them must be allowed, so that none hides behind another."""
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        addresses = [(family, address) for family, _, _, _, address in found]
        if not addresses or not all(self._is_allowed(str(address[0]), port) for _, address in addresses):
            raise UnsafeUrl
        error: OSError | None = None
        for family, address in addresses[:MAX_ATTEMPTS]:
            try:
                return self._connected(family, address)
            except OSError as failed:
                error = failed
        raise error or OSError("no address")

    def _connected(self, family: int, address: Any) -> socket.socket:
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(self.limits.connect)
            connection.connect(address)
        except BaseException:
            connection.close()
            raise
        return connection

    def _is_allowed(self, address: str, port: int) -> bool:
        if port in self.limits.ports and is_public(address):
            return True
        return port in self.local_ports and "%" not in address and ip_address(address).is_loopback


class _Deadline:
    """Shuts the connection down after some seconds, whatever it waits for: a server may send a byte now and then."""

    def __init__(self, seconds: float) -> None:
        self.is_over = threading.Event()
        self._connections: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._end)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()
        for connection in self._connections:
            connection.close()

    def shut_down_late(self, connection: socket.socket) -> socket.socket:
        """Shut this connection down at the deadline, and return it. A copy does it, as TLS detaches the socket."""
        self._connections.append(connection.dup())
        if self.is_over.is_set():
            self._end()
        return connection

    def _end(self) -> None:
        self.is_over.set()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


Connect = Callable[[str, int], socket.socket]


class _Connection(HTTPConnection):
    """A connection whose socket comes from the guard."""

    def __init__(self, *args: Any, connect_to: Connect, **options: Any) -> None:
        super().__init__(*args, **options)
        self._connect_to = connect_to

    def _new_conn(self) -> socket.socket:
        return self._connect_to(self._dns_host, self.port or 80)


class _SecureConnection(HTTPSConnection):
    """The same with TLS, which verifies the certificate for the name in the URL."""

    def __init__(self, *args: Any, connect_to: Connect, **options: Any) -> None:
        super().__init__(*args, **options)
        self._connect_to = connect_to

    def _new_conn(self) -> socket.socket:
        return self._connect_to(self._dns_host, self.port or 443)


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection

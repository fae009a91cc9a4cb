"""The open connections of a process: reads complete requests and sends responses without blocking."""

import selectors
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http import HTTPStatus

from ops.server import limits, problems
from ops.server.buffers import RECEIVE_BYTES
from ops.server.connection import Connection, State


class Clients:
    """All open connections. Complete requests go to `serve`, which calls `response_ready` afterwards.

    `keepalive` is the idle timeout in seconds, `max_connections` the maximum number of connections.
    """

    def __init__(
        self,
        poller: selectors.BaseSelector,
        *,
        serve: Callable[[Connection], None],
        keepalive: float,
        max_connections: int,
    ) -> None:
        self._poller = poller
        self._serve = serve
        self._keepalive = keepalive
        self._max_connections = max_connections
        self._connections: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._connections)

    def __iter__(self) -> Iterator[Connection]:
        """Iterate over a copy; connections may be closed meanwhile."""
        return iter(list(self._connections))

    def add(self, connection: Connection) -> None:
        """Add a new connection and wait for its first request."""
        if len(self) >= self._max_connections:
            self.make_room()
        self._connections.add(connection)
        connection.enter(State.IDLE, deadline=connection.idle_since + limits.HEAD_TIMEOUT)
        self._listen(connection, selectors.EVENT_READ, self._receive)

    def response_ready(self, connection: Connection) -> None:
        """Send the rest of the response, then wait for the next request or close."""
        connection.finish_request()
        self._send(connection)

    def expire(self, now: float) -> None:
        """Answer 408 to incomplete requests, and close other connections, after their deadline (monotonic seconds)."""
        for connection in self:
            if connection.deadline > now:
                continue
            if connection.state in (State.HEAD, State.BODY):
                self._refuse(connection, HTTPStatus.REQUEST_TIMEOUT, cause=connection.state.name.lower())
            else:
                self.drop(connection, reset=connection.state is State.SENDING)

    def drop(self, connection: Connection, *, reset: bool = False) -> None:
        """Close a connection; `reset` drops unsent bytes."""
        if connection.state is not State.CLOSED:
            with suppress(KeyError):
                self._poller.unregister(connection.sock)
            connection.sock.really_close(reset=reset)
            self._connections.discard(connection)
            connection.enter(State.CLOSED)

    @property
    def has_room(self) -> bool:
        """Whether a connection can be added, possibly by closing one that waits for its client."""
        return len(self) < self._max_connections or any(connection.is_evictable for connection in self._connections)

    def make_room(self) -> None:
        """Close the connection that has waited longest for its client; normal requests are complete sooner."""
        waiting = [each for each in self if each.is_evictable]
        if waiting:
            self.drop(min(waiting, key=lambda each: each.idle_since), reset=True)

    def _keep_within_memory(self) -> None:
        """Refuse the largest requests and drop the largest responses while the buffers use too much memory."""
        while sum(each.sock.buffered_bytes for each in self) > limits.MAX_BUFFERED_BYTES:
            large = [each for each in self if each.is_evictable and each.sock.buffered_bytes > RECEIVE_BYTES]
            if not large:
                return
            largest = max(large, key=lambda each: each.sock.buffered_bytes)
            if largest.is_receiving:
                self._refuse(largest, HTTPStatus.SERVICE_UNAVAILABLE, cause="memory")
            else:
                self.drop(largest, reset=True)

    def _listen(self, connection: Connection, event: int, act: Callable[[Connection], None]) -> None:
        self._poller.register(connection.sock, event, lambda _: act(connection))

    def _receive(self, connection: Connection) -> None:
        ended = not connection.sock.fill()
        if len(connection.sock.incoming) > RECEIVE_BYTES:
            self._keep_within_memory()
        if not connection.is_receiving:
            return  # closed or refused meanwhile, because of the memory limit
        try:
            self._read_request(connection, ended=ended)
        except OSError:
            self.drop(connection)
        except Exception as error:  # noqa: BLE001 - as in gunicorn: a request must not end the process
            self._refuse(connection, problems.status_of(error), cause=type(error).__name__)

    def _read_request(self, connection: Connection, *, ended: bool) -> None:
        """Read more of the next request, and serve it when it is complete."""
        now = time.monotonic()
        if connection.state is State.IDLE and connection.sock.incoming:
            connection.enter(State.HEAD, deadline=now + limits.HEAD_TIMEOUT)
        if connection.state is State.HEAD and connection.parse_head():
            connection.enter(State.BODY, deadline=now + limits.BODY_TIMEOUT)
            if connection.expects_continue() and not connection.has_body:
                connection.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                connection.sock.flush()
        if connection.state is State.BODY and (connection.has_body or ended):
            self._poller.unregister(connection.sock)
            connection.enter(State.SERVED)
            self._serve(connection)
        elif ended:
            self.drop(connection)

    def _send(self, connection: Connection) -> None:
        """Send as much as possible now, and the rest when the client reads on."""
        try:
            progress = connection.sock.flush()
        except OSError:
            self.drop(connection)
            return
        if not connection.sock.has_unsent:
            self._next_request(connection)
            return
        now = time.monotonic()
        if connection.state is not State.SENDING:
            connection.enter(State.SENDING, deadline=now + limits.READ_TIMEOUT)
            self._listen(connection, selectors.EVENT_WRITE, self._send)
            self._keep_within_memory()
        elif progress:
            connection.deadline = now + limits.READ_TIMEOUT

    def _next_request(self, connection: Connection) -> None:
        """After a response is sent, close, or wait for the next request, which may already be in the buffer."""
        now = time.monotonic()
        if connection.state is State.SENDING:
            self._poller.unregister(connection.sock)
        if connection.close_after_response:
            connection.enter(State.CLOSING, deadline=now + limits.CLOSE_TIMEOUT)
            self._listen(connection, selectors.EVENT_READ, self._drain)
            try:
                connection.sock.finish_sending()
            except OSError:
                self.drop(connection)
            return
        connection.idle_since = now
        connection.enter(State.IDLE, deadline=now + self._keepalive)
        self._listen(connection, selectors.EVENT_READ, self._receive)
        if connection.sock.incoming:
            self._receive(connection)

    def _drain(self, connection: Connection) -> None:
        if not connection.sock.discard():
            self.drop(connection)

    def _refuse(self, connection: Connection, status: HTTPStatus, *, cause: str) -> None:
        """Send an error response without calling the app, and close."""
        self._poller.unregister(connection.sock)
        connection.sock.incoming.clear()
        connection.sock.sendall(problems.response(status, cause=cause))
        connection.close_after_response = True
        self._send(connection)

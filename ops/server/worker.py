"""A gunicorn worker whose threads never wait for a client: an event loop reads requests whole and sends answers."""

import errno
import resource
import selectors
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from kit import garbage, watchdog
from ops.server import problems
from ops.server.buffers import RECEIVE, BufferedSocket
from ops.server.connection import Connection, State

HEAD_SECONDS = 10.0
"""From the first byte of a request to the end of its head; for a connection's first request, from its acceptance."""
BODY_SECONDS = 30.0
"""From the end of the head to the end of the body."""
READ_SECONDS = 30.0
"""For which a client may read nothing of its answer."""
CLOSE_SECONDS = 2.0
"""For which a client may go on sending after the last answer, lest the kernel drops the answer with the connection."""
STOP_SECONDS = 5.0
"""For which a process that stops still waits for its clients; for its threads it waits as long as gunicorn lets it."""
MOST_HELD = 64 * 1024 * 1024
"""Bytes of requests under way and of unread answers in one process."""
LOOK_EVERY = 0.25
"""Seconds between two looks at the deadlines."""
PROBES = ("/healthz", "/readyz", "/metrics")
"""Paths served by a thread each, so that they are answered while all others wait for the database."""
_SPARE_DESCRIPTORS = 128
"""For everything that is no client: database connections, logs, listeners."""
_NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)


class BufferingWorker(ThreadWorker):
    """gunicorn's threaded worker (`gthread`), with its event loop replaced.

    gunicorn's own gives a connection to a thread as soon as a byte comes, and the thread waits for the rest of head
    and body, and for the client to read the answer: as many slow clients as there are threads stop the process.
    """

    def init_process(self) -> None:
        """Prepare the process and serve (gunicorn's own step)."""
        self._connections: set[Connection] = set()
        self._probes = {path: ThreadPoolExecutor(1, thread_name_prefix=path) for path in PROBES}
        self._next_look = 0.0
        self._most_connections = min(self.worker_connections, _raised_descriptor_limit() - _SPARE_DESCRIPTORS)
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the app (gunicorn's own step, its last before it serves)."""
        super().load_wsgi()
        self._largest = self.wsgi.config["MAX_CONTENT_LENGTH"]
        garbage.spare_what_stays()
        watchdog.start()

    def run(self) -> None:
        """Serve until told to stop, then finish what is under way (gunicorn's own step)."""
        self.poller.register(self.method_queue.fileno(), selectors.EVENT_READ, self.method_queue.run_callbacks)
        self.set_accept_enabled(True)
        while self.alive and self.is_parent_alive():
            self._turn()
            self.set_accept_enabled(len(self._connections) < self._most_connections or self._can_make_room())
        self._stop()

    def _turn(self) -> None:
        self.notify()
        self.wait_for_and_dispatch_events(timeout=LOOK_EVERY if self._connections else 1.0)
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + LOOK_EVERY
            for connection in [each for each in self._connections if each.deadline <= now]:
                self._expire(connection)

    def _stop(self) -> None:
        """Refuse new connections, which nginx takes elsewhere, with a POST, too; finish what is under way."""
        self.set_accept_enabled(False)
        for listener in self.sockets:
            listener.close()
        begun = time.monotonic()
        for connection in self._connections:
            if connection.state is State.IDLE:
                connection.deadline = min(connection.deadline, begun + CLOSE_SECONDS)
        while self._connections and time.monotonic() < begun + self.cfg.graceful_timeout:
            self._turn()
            if time.monotonic() > begun + STOP_SECONDS:
                for connection in [each for each in self._connections if each.is_evictable]:
                    self._drop(connection)
        self.tpool.shutdown(wait=False)
        for probe in self._probes.values():
            probe.shutdown(wait=False)
        self.poller.close()
        self.method_queue.close()

    def accept(self, listener: Any) -> None:
        """Accept a connection, and wait for its first request."""
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno in _NO_DESCRIPTORS:
                self._make_room()
            elif error.errno not in (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED):
                raise
            return
        if len(self._connections) >= self._most_connections:
            self._make_room()
        now = time.monotonic()
        buffered, server = BufferedSocket(sock), listener.getsockname()
        connection = Connection(buffered, client=client, server=server, cfg=self.cfg, largest=self._largest, now=now)
        self._connections.add(connection)
        connection.enter(State.IDLE, deadline=now + HEAD_SECONDS)
        self._listen(connection, selectors.EVENT_READ, self._receive)

    def _listen(self, connection: Connection, event: int, act: Callable[[Connection], None]) -> None:
        self.poller.register(connection.sock, event, lambda _: act(connection))

    def _receive(self, connection: Connection) -> None:
        ended = not connection.sock.fill()
        if len(connection.sock.incoming) > RECEIVE:
            self._keep_within_memory()
        if not connection.is_receiving:
            return  # closed or refused meanwhile, for want of room
        try:
            self._read_on(connection, ended=ended)
        except OSError:
            self._drop(connection)
        except Exception as error:  # noqa: BLE001 - as gunicorn does: a request must not end the process
            self._refuse(connection, problems.status_of(error), cause=type(error).__name__)

    def _read_on(self, connection: Connection, *, ended: bool) -> None:
        """Look how far the next request has come."""
        now = time.monotonic()
        if connection.state is State.IDLE and connection.sock.incoming:
            connection.enter(State.HEAD, deadline=now + HEAD_SECONDS)
        if connection.state is State.HEAD and connection.parse_head():
            connection.enter(State.BODY, deadline=now + BODY_SECONDS)
            if connection.asks_whether_to_go_on() and not connection.has_body:
                connection.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                connection.sock.flush()
        if connection.state is State.BODY and (connection.has_body or ended):
            self._serve(connection)
        elif ended:
            self._drop(connection)

    def _serve(self, connection: Connection) -> None:
        """Give the request to a thread."""
        self.poller.unregister(connection.sock)
        connection.enter(State.SERVED)
        request = connection.hand_over()
        pool: Executor = self._probes.get(request.path, self.tpool)
        served = pool.submit(self.handle, connection)
        served.add_done_callback(lambda done: self.method_queue.defer(self._answered, connection, done))

    def handle(self, conn: Connection) -> bool:
        """Serve a request, in a thread. Return whether its connection can take another one."""
        try:
            keeps = self.handle_request(conn.request, conn) and conn.parser.finish_body()
            conn.sock.flush()
        except (OSError, StopIteration):
            return False  # the client has gone, its body has ended too early, or the answer broke off in the middle
        except Exception as error:  # noqa: BLE001 - what the app does not answer itself
            self.handle_error(conn.request, conn.sock, conn.client, error)
            return False
        return bool(keeps)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:  # noqa: ARG002 - gunicorn's
        """Answer what gunicorn's parser or its checks of the app's answer raised."""
        client.sendall(problems.answer(problems.status_of(exc), cause=type(exc).__name__))

    def _answered(self, connection: Connection, served: Future[bool]) -> None:
        """A thread has served the request: send what is left of the answer, then wait for the next request."""
        connection.closes = not (self.alive and not served.exception() and served.result())
        connection.forget_request()
        self._send(connection)

    def _send(self, connection: Connection) -> None:
        """Send what the client takes at once, and the rest as it reads on."""
        try:
            progress = connection.sock.flush()
        except OSError:
            self._drop(connection)
            return
        if not connection.sock.unsent:
            self._go_on(connection)
            return
        now = time.monotonic()
        if connection.state is not State.SENDING:
            connection.enter(State.SENDING, deadline=now + READ_SECONDS)
            self._listen(connection, selectors.EVENT_WRITE, self._send)
            self._keep_within_memory()
        elif progress:
            connection.deadline = now + READ_SECONDS

    def _go_on(self, connection: Connection) -> None:
        """Once an answer is sent, wait for the next request, of which some may have come already, or close."""
        now = time.monotonic()
        if connection.state is State.SENDING:
            self.poller.unregister(connection.sock)
        if connection.closes:
            connection.enter(State.CLOSING, deadline=now + CLOSE_SECONDS)
            self._listen(connection, selectors.EVENT_READ, self._close_on)
            try:
                connection.sock.finish_sending()
            except OSError:
                self._drop(connection)
            return
        connection.since = now
        connection.enter(State.IDLE, deadline=now + self.cfg.keepalive)
        self._listen(connection, selectors.EVENT_READ, self._receive)
        if connection.sock.incoming:
            self._receive(connection)

    def _close_on(self, connection: Connection) -> None:
        if not connection.sock.discard():
            self._drop(connection)

    def _refuse(self, connection: Connection, status: HTTPStatus, *, cause: str) -> None:
        """Answer without the app, and close."""
        self.poller.unregister(connection.sock)
        connection.sock.incoming.clear()
        connection.sock.sendall(problems.answer(status, cause=cause))
        connection.closes = True
        self._send(connection)

    def _expire(self, connection: Connection) -> None:
        if connection.state in (State.HEAD, State.BODY):
            self._refuse(connection, HTTPStatus.REQUEST_TIMEOUT, cause=connection.state.name.lower())
        else:
            self._drop(connection, reset=connection.state is State.SENDING)

    def _drop(self, connection: Connection, *, reset: bool = False) -> None:
        if connection.state is not State.CLOSED:
            with suppress(KeyError):
                self.poller.unregister(connection.sock)
            connection.sock.really_close(reset=reset)
            self._connections.discard(connection)
            connection.enter(State.CLOSED)

    def _can_make_room(self) -> bool:
        return any(connection.is_evictable for connection in self._connections)

    def _make_room(self) -> None:
        """Close the connection that has waited longest for its client: an honest client's request is soon whole."""
        waiting = [each for each in self._connections if each.is_evictable]
        if waiting:
            self._drop(min(waiting, key=lambda each: each.since), reset=True)

    def _keep_within_memory(self) -> None:
        """Refuse the largest requests and drop the largest answers while all together hold too much memory."""
        while sum(each.sock.held for each in self._connections) > MOST_HELD:
            large = [each for each in self._connections if each.is_evictable and each.sock.held > RECEIVE]
            if not large:
                return
            largest = max(large, key=lambda each: each.sock.held)
            if largest.is_receiving:
                self._refuse(largest, HTTPStatus.SERVICE_UNAVAILABLE, cause="memory")
            else:
                self._drop(largest, reset=True)


def _raised_descriptor_limit() -> int:
    """Raise the limit of open files as far as the process may, and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard if hard != resource.RLIM_INFINITY else 65_536, 65_536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    return max(soft, wanted)

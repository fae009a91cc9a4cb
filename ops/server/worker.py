"""A gunicorn worker whose threads never wait for a client: an event loop reads requests and sends responses."""

import errno
import selectors
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from kit.db import watchdog
from kit.process import gc_tuning
from ops.server import limits, problems
from ops.server.buffers import BufferedSocket
from ops.server.clients import Clients
from ops.server.connection import Connection, State

PROBES = ("/healthz", "/readyz", "/metrics")
"""Paths with a thread each, so that they are answered while all other threads wait for the database."""
_NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)


class BufferingWorker(ThreadWorker):
    """gunicorn's threaded worker (`gthread`), with its event loop replaced.

    gunicorn's loop gives a connection to a thread at its first byte. The thread then waits for the rest of head and
    body, and for the client to read the response, so that as many slow clients as threads block the process.
    """

    def init_process(self) -> None:
        """Prepare the process and serve; called by gunicorn."""
        self._probes = {path: ThreadPoolExecutor(1, thread_name_prefix=path) for path in PROBES}
        self._next_check = 0.0
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the app; gunicorn's last step before `run`."""
        super().load_wsgi()
        self._largest = self.wsgi.config["MAX_CONTENT_LENGTH"]
        gc_tuning.freeze_before_fork()
        watchdog.start()

    def run(self) -> None:
        """Serve until stopped, then finish the current requests; called by gunicorn."""
        maximum = min(self.worker_connections, limits.max_connections())
        self._clients = Clients(self.poller, serve=self._serve, keepalive=self.cfg.keepalive, max_connections=maximum)
        self.poller.register(self.method_queue.fileno(), selectors.EVENT_READ, self.method_queue.run_callbacks)
        self.set_accept_enabled(True)
        while self.alive and self.is_parent_alive():
            self._run_once()
            self.set_accept_enabled(self._clients.has_room)
        self._stop()

    def _run_once(self) -> None:
        self.notify()
        self.wait_for_and_dispatch_events(timeout=limits.DEADLINE_CHECK_INTERVAL if self._clients else 1.0)
        now = time.monotonic()
        if now >= self._next_check:
            self._next_check = now + limits.DEADLINE_CHECK_INTERVAL
            self._clients.expire(now)

    def _stop(self) -> None:
        """Refuse new connections, so that nginx uses another container, and finish the current requests."""
        self.set_accept_enabled(False)
        for listener in self.sockets:
            listener.close()
        started = time.monotonic()
        for connection in self._clients:
            if connection.state is State.IDLE:
                connection.deadline = min(connection.deadline, started + limits.CLOSE_TIMEOUT)
        while self._clients and time.monotonic() < started + self.cfg.graceful_timeout:
            self._run_once()
            if time.monotonic() > started + limits.STOP_TIMEOUT:
                for connection in self._clients:
                    if connection.is_evictable:
                        self._clients.drop(connection)
        self.tpool.shutdown(wait=False)
        for probe in self._probes.values():
            probe.shutdown(wait=False)
        self.poller.close()
        self.method_queue.close()

    def accept(self, listener: Any) -> None:
        """Accept a connection; called by gunicorn."""
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno in _NO_DESCRIPTORS:
                self._clients.make_room()
            elif error.errno not in (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED):
                raise
            return
        buffered, server, now = BufferedSocket(sock), listener.getsockname(), time.monotonic()
        self._clients.add(
            Connection(buffered, client=client, server=server, cfg=self.cfg, largest=self._largest, now=now)
        )

    def _serve(self, connection: Connection) -> None:
        """Give the request to a thread."""
        request = connection.take_request()
        pool: Executor = self._probes.get(request.path, self.tpool)
        served = pool.submit(self.handle, connection)
        served.add_done_callback(lambda done: self.method_queue.defer(self._request_done, connection, done))

    def handle(self, conn: Connection) -> bool:
        """Serve a request in a thread. Return whether its connection can be reused."""
        try:
            keep_alive = self.handle_request(conn.request, conn) and conn.parser.finish_body()
            conn.sock.flush()
        except (OSError, StopIteration):
            return False  # the client has disconnected, its body is truncated, or the response was interrupted
        except Exception as error:  # noqa: BLE001 - errors that the app does not handle
            self.handle_error(conn.request, conn.sock, conn.client, error)
            return False
        return bool(keep_alive)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:  # noqa: ARG002 - gunicorn's
        """Answer exceptions of gunicorn's parser and of its checks of the app's response."""
        client.sendall(problems.response(problems.status_of(exc), cause=type(exc).__name__))

    def _request_done(self, connection: Connection, served: Future[bool]) -> None:
        """Continue or close the connection after a thread has served its request."""
        connection.close_after_response = not (self.alive and not served.exception() and served.result())
        self._clients.response_ready(connection)

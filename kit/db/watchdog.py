"""A client-side timeout for statements whose server is reachable but does not answer.

The kernel of a frozen server still acknowledges packets, so neither keepalives nor `tcp_user_timeout` end the wait. A
healthy server, on the other hand, may take long for good reasons: a COMMIT waits until its standbys are back. So the
watchdog asks the server, over a second connection, whether it still works on the statement.
"""

import os
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import psycopg
import structlog
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus

Connection = psycopg.Connection[Any]
Server = tuple[str, int, str, str]
"""Host, port, database and user."""

CHECK_AFTER_SECONDS = 5.0
"""How long a statement may run before the server is asked about it."""
ANSWER_SECONDS = 5
"""How long the server may take to answer."""
_CHECK_INTERVAL = 1.0

_FIND_ACTIVE_BACKENDS = """
    SELECT pid FROM pg_stat_activity
    WHERE pid = ANY(%s) AND usename = session_user
        AND (xact_start < now() - make_interval(secs => %s) OR pid = pg_backend_pid())"""

log = structlog.get_logger()

_watched: set[Connection] = set()
_lock = threading.Lock()


@contextmanager
def watching(connection: Connection) -> Iterator[None]:
    """Watch the statements of the block: one whose server does not answer ends with an OperationalError."""
    with _lock:
        _watched.add(connection)
    try:
        yield
    finally:
        with _lock:
            _watched.discard(connection)


@cache
def start() -> None:
    """Start the watchdog thread of this process, which must not fork afterwards."""
    threading.Thread(target=_run, name="watchdog", daemon=True).start()


def _run() -> None:
    waiting_since: dict[Connection, float] = {}
    while True:
        time.sleep(_CHECK_INTERVAL)
        with _lock:
            waiting = [connection for connection in _watched if _is_waiting(connection)]
        now = time.monotonic()
        waiting_since = {connection: waiting_since.get(connection, now) for connection in waiting}
        overdue = [connection for connection in waiting if now - waiting_since[connection] > CHECK_AFTER_SECONDS]
        for server, connections in _by_server(overdue).items():
            waiting_since |= dict.fromkeys(connections, now)  # ask again only after as long
            for connection in _abandoned(connections):
                log.warning("the database does not answer: closing a connection", host=server[0], port=server[1])
                _shut_down(connection)


def _is_waiting(connection: Connection) -> bool:
    return connection.pgconn.transaction_status == TransactionStatus.ACTIVE


def _by_server(connections: list[Connection]) -> dict[Server, list[Connection]]:
    servers: dict[Server, list[Connection]] = defaultdict(list)
    for connection in connections:
        with suppress(psycopg.Error):  # it was closed meanwhile
            info = connection.info
            servers[info.host, info.port, info.dbname, info.user].append(connection)
    return servers


def _abandoned(connections: list[Connection]) -> list[Connection]:
    """The connections, all to one server, whose statements it does not work on.

    All of them when the server does not answer, none when it refuses the query.
    """
    answers: list[set[int]] = []
    by_pid = {connection.info.backend_pid: connection for connection in connections}
    query = threading.Thread(target=lambda: answers.append(_active_pids(connections[0], [*by_pid])), daemon=True)
    query.start()
    query.join(2 * ANSWER_SECONDS)
    active = answers[0] if answers else set()
    return [connection for pid, connection in by_pid.items() if pid not in active]


def _active_pids(like: Connection, pids: list[int]) -> set[int]:
    """Which of these backends are active, over a new connection with the parameters of `like`; may block forever."""
    info = like.info
    this_server: dict[str, Any] = {
        "host": info.host,
        "port": info.port,
        "password": info.password,
        "target_session_attrs": "any",
    }
    conninfo = make_conninfo(**{**info.get_parameters(), **this_server, "connect_timeout": ANSWER_SECONDS})
    try:
        with psycopg.connect(conninfo) as connection:
            own_pid = connection.info.backend_pid
            values = [[*pids, own_pid], CHECK_AFTER_SECONDS / 2]
            active = {pid for (pid,) in connection.execute(_FIND_ACTIVE_BACKENDS, values)}
            return active if own_pid in active else set(pids)  # behind a pooler, whose process ids differ
    except psycopg.errors.ConnectionTimeout:
        return set()
    except psycopg.Error:
        return set(pids)


def _shut_down(connection: Connection) -> None:
    """Shut the socket down, so that the thread that waits on it gets an error."""
    with _lock, suppress(OSError, psycopg.Error):
        if connection in _watched and _is_waiting(connection):
            with socket.socket(fileno=os.dup(connection.fileno())) as duplicate:
                duplicate.shutdown(socket.SHUT_RDWR)

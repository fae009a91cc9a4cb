"""A deadline on our side for statements that wait for a server which is there and answers nothing.

The kernel of a frozen server goes on acknowledging what is sent to it, so that neither keepalives nor
`tcp_user_timeout` end the wait. And a server that does answer may take long for good reasons: a COMMIT waits for
standbys as long as they are gone. So another connection asks the server whether it works on what is waited for.
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

SECONDS = 5.0
"""For which a statement may wait before the server is asked about it."""
ANSWER_SECONDS = 5
"""In which the server must answer."""
_LOOK_EVERY = 1.0

_WORKED_ON = """
    SELECT pid FROM pg_stat_activity
    WHERE pid = ANY(%s) AND usename = session_user
        AND (xact_start < now() - make_interval(secs => %s) OR pid = pg_backend_pid())"""

log = structlog.get_logger()

_watched: set[Connection] = set()
_lock = threading.Lock()


@contextmanager
def watching(connection: Connection) -> Iterator[None]:
    """Watch the statements of this block: one whose server does not answer ends with an OperationalError."""
    with _lock:
        _watched.add(connection)
    try:
        yield
    finally:
        with _lock:
            _watched.discard(connection)


@cache
def start() -> None:
    """Begin to watch in this process, which must not fork afterwards."""
    threading.Thread(target=_look_for_ever, name="watchdog", daemon=True).start()


def _look_for_ever() -> None:
    waits: dict[Connection, float] = {}
    while True:
        time.sleep(_LOOK_EVERY)
        with _lock:
            busy = [connection for connection in _watched if _waits(connection)]
        now = time.monotonic()
        waits = {connection: waits.get(connection, now) for connection in busy}
        for server, connections in _by_server([each for each in busy if now - waits[each] > SECONDS]).items():
            waits |= dict.fromkeys(connections, now)  # what the server works on is asked about again
            for connection in _forgotten(connections):
                log.warning("the database does not answer: closing a connection", host=server[0], port=server[1])
                _close(connection)


def _waits(connection: Connection) -> bool:
    return connection.pgconn.transaction_status == TransactionStatus.ACTIVE


def _by_server(connections: list[Connection]) -> dict[Server, list[Connection]]:
    servers: dict[Server, list[Connection]] = defaultdict(list)
    for each in connections:
        with suppress(psycopg.Error):  # it was closed meanwhile
            servers[each.info.host, each.info.port, each.info.dbname, each.info.user].append(each)
    return servers


def _forgotten(connections: list[Connection]) -> list[Connection]:
    """Those of one server that it does not work on; all of them when it does not answer, none when it refuses to."""
    answers: list[set[int]] = []
    pids = {each.info.backend_pid: each for each in connections}
    asking = threading.Thread(target=lambda: answers.append(_worked_on(connections[0], [*pids])), daemon=True)
    asking.start()
    asking.join(2 * ANSWER_SECONDS)
    worked_on = answers[0] if answers else set()
    return [connection for pid, connection in pids.items() if pid not in worked_on]


def _worked_on(like: Connection, pids: list[int]) -> set[int]:
    """Which of these backends the server works on; may never return."""
    info = like.info
    this_server: dict[str, Any] = {
        "host": info.host,
        "port": info.port,
        "password": info.password,
        "target_session_attrs": "any",
    }
    where = make_conninfo(**{**info.get_parameters(), **this_server, "connect_timeout": ANSWER_SECONDS})
    try:
        with psycopg.connect(where) as connection:
            ours = connection.info.backend_pid
            worked_on = {pid for (pid,) in connection.execute(_WORKED_ON, [[*pids, ours], SECONDS / 2])}
            return worked_on if ours in worked_on else set(pids)  # behind a pooler, whose ids tell nothing
    except psycopg.errors.ConnectionTimeout:
        return set()
    except psycopg.Error:
        return set(pids)


def _close(connection: Connection) -> None:
    """Have the thread that waits on the connection find it closed."""
    with _lock, suppress(OSError, psycopg.Error):
        if connection in _watched and _waits(connection):
            with socket.socket(fileno=os.dup(connection.fileno())) as duplicate:
                duplicate.shutdown(socket.SHUT_RDWR)

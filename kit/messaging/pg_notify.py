"""LISTEN/NOTIFY: PostgreSQL wakes waiting threads when a transaction has committed.

A notification only wakes the waiter, which then reads the tables. A lost notification costs at most POLL_INTERVAL.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from typing import Any
from uuid import UUID

import psycopg
import structlog

from kit.config import settings
from kit.db import engines, session_settings, watchdog
from kit.errors import NotConfigured
from kit.ids import derived_id

CHANNEL = "orderx_outcome_decided"
KEEPALIVE_INTERVAL = 10.0
"""Seconds without a notification after which the connection is tested with an empty query."""
POLL_INTERVAL = 1.0
"""Seconds between two polls of a waiter that no notification wakes."""

log = structlog.get_logger()


def channel_payload(subject_id: UUID) -> str:
    """The payload on CHANNEL about this subject. Without the id nobody can tell what it is about."""
    return str(derived_id(subject_id, CHANNEL))


def listen(url: str, channel: str) -> psycopg.Connection[Any]:
    """Open a connection that listens on the channel; it raises OperationalError when the network is cut.

    Raises NotConfigured when the URL leads to a connection pooler, through which LISTEN does not work.
    """
    with ExitStack() as closed_on_failure:
        opened = psycopg.connect(url, autocommit=True, **engines.CONNECTION_PARAMETERS)
        connection = closed_on_failure.enter_context(opened)
        with watchdog.watching(connection):
            if session_settings.is_pooled(connection):
                raise NotConfigured(
                    "LISTEN does not work through a connection pooler: set ORDERX_LISTEN_URL to PostgreSQL itself, "
                    "with the same login"
                )
            connection.execute(f"LISTEN {channel}")
        closed_on_failure.pop_all()
    return connection


def listen_url(setting: str) -> str:
    """The URL to listen at: ORDERX_LISTEN_URL if set, otherwise the value of this setting."""
    return settings().require("listen_url" if settings().listen_url else setting)


def require_no_pooler(setting: str) -> None:
    """Raise NotConfigured when `listen_url(setting)` leads to a pooler; passes when the database does not answer."""
    with suppress(psycopg.Error), listen(listen_url(setting), CHANNEL):
        pass


class Listener:
    """One listening connection, shared by all waiting threads of this process."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiting: defaultdict[str, set[threading.Event]] = defaultdict(set)
        self._lock = threading.Lock()
        threading.Thread(target=self._run, name="pg_notify", daemon=True).start()

    @contextmanager
    def waiting_for(self, subject_id: UUID) -> Iterator[threading.Event]:
        """Yield an event that is set by each notification about this subject."""
        payload, event = channel_payload(subject_id), threading.Event()
        with self._lock:
            self._waiting[payload].add(event)
        try:
            yield event
        finally:
            with self._lock:
                self._waiting[payload].discard(event)
                if not self._waiting[payload]:
                    del self._waiting[payload]

    def _run(self) -> None:
        while True:
            try:
                with listen(self._url, CHANNEL) as connection:
                    self._receive(connection)
            except (psycopg.Error, NotConfigured) as error:
                log.warning("not listening for notifications", reason=str(error).strip())
                time.sleep(POLL_INTERVAL)

    def _receive(self, connection: psycopg.Connection[Any]) -> None:
        while True:
            for notification in connection.notifies(timeout=KEEPALIVE_INTERVAL):
                self._wake(notification.payload)
            with watchdog.watching(connection):
                connection.execute("SELECT")

    def _wake(self, payload: str) -> None:
        with self._lock:
            for event in self._waiting.get(payload, ()):
                event.set()


@cache
def listener() -> Listener:
    """The listener of this process; the first call starts it."""
    return Listener(listen_url("database_url"))

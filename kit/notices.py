"""Being woken by PostgreSQL when something one waits for has happened: NOTIFY at its commit, LISTEN in one thread.

A notice only wakes; what is true is read from the tables. One that gets lost costs a second, see PATIENCE.
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

from kit import engines, session_settings, watchdog
from kit.config import settings
from kit.errors import NotConfigured
from kit.ids import derived_id

CHANNEL = "orderx_settled"
QUIET_SECONDS = 10.0
"""After which a connection that has heard nothing is asked whether its server is still there."""
PATIENCE = 1.0
"""Seconds between two looks of a waiter that nothing wakes."""

log = structlog.get_logger()


def notice(of: UUID) -> str:
    """What is said on the channel: only those who know the id can tell what it is about."""
    return str(derived_id(of, CHANNEL))


def listening(url: str, channel: str) -> psycopg.Connection[Any]:
    """A connection that hears what is said on the channel; when the network is cut it finds out, and raises.

    Raises NotConfigured when the URL leads to a pooler, through which nothing is heard.
    """
    with ExitStack() as closed_on_failure:
        connection = closed_on_failure.enter_context(psycopg.connect(url, autocommit=True, **engines.CONNECT))
        with watchdog.watching(connection):
            if session_settings.is_pooled(connection):
                raise NotConfigured(
                    "LISTEN hears nothing through a pooler: set ORDERX_LISTEN_URL to PostgreSQL itself, with the same "
                    "login"
                )
            connection.execute(f"LISTEN {channel}")
        closed_on_failure.pop_all()
    return connection


def listen_url(setting: str) -> str:
    """Where to listen: ORDERX_LISTEN_URL, or else the URL in this setting."""
    return settings().need("listen_url" if settings().listen_url else setting)


def demand(setting: str) -> None:
    """Raise NotConfigured when notices would not be heard; a database that does not answer cannot be asked."""
    with suppress(psycopg.Error), listening(listen_url(setting), CHANNEL):
        pass


class Listener:
    """One connection that listens, and the threads of this process that wait."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiting: defaultdict[str, set[threading.Event]] = defaultdict(set)
        self._lock = threading.Lock()
        threading.Thread(target=self._listen_for_ever, name="notices", daemon=True).start()

    @contextmanager
    def waiting_for(self, of: UUID) -> Iterator[threading.Event]:
        """An event that is set when the notice comes."""
        told, event = notice(of), threading.Event()
        with self._lock:
            self._waiting[told].add(event)
        try:
            yield event
        finally:
            with self._lock:
                self._waiting[told].discard(event)
                if not self._waiting[told]:
                    del self._waiting[told]

    def _listen_for_ever(self) -> None:
        while True:
            try:
                with listening(self._url, CHANNEL) as connection:
                    self._listen(connection)
            except (psycopg.Error, NotConfigured) as gone:
                log.warning("not listening for notices", reason=str(gone).strip())
                time.sleep(PATIENCE)

    def _listen(self, connection: psycopg.Connection[Any]) -> None:
        while True:
            for each in connection.notifies(timeout=QUIET_SECONDS):
                self._wake(each.payload)
            with watchdog.watching(connection):
                connection.execute("SELECT")

    def _wake(self, told: str) -> None:
        with self._lock:
            for event in self._waiting.get(told, ()):
                event.set()


@cache
def listener() -> Listener:
    """The listener of this process, which starts to listen when first asked for."""
    return Listener(listen_url("database_url"))

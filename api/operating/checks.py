"""Is what the API depends on there?"""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from urllib.parse import urlsplit

import psycopg
from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError

from kit import db
from kit.config import settings
from kit.db import durability
from migrations import run as migrations

SECONDS = 2.0
ASK_EVERY = 15
"""Seconds between two questions about settings that seldom change."""

# What to say first to a broker, and how its answer begins: AMQP 0-9-1, section 4.2.2; RESP, where a PING may need a
# password first ("-NOAUTH"). Behind TLS an open connection has to do.
GREETINGS = {
    "amqp": (5672, b"AMQP\x00\x00\x09\x01", (b"\x01",)),
    "redis": (6379, b"PING\r\n", (b"+", b"-")),
    "amqps": (5671, b"", ()),
    "rediss": (6379, b"", ()),
}


def database() -> dict[str, str]:
    """Whether the database answers in time and accepts writes, and has what this code uses."""
    asked = _asker.submit(_state_of_writable_database)
    try:
        state = asked.result(timeout=SECONDS)
    except psycopg.errors.ReadOnlySqlTransaction:
        return {"database": "read-only", "migrations": "unknown"}
    except (SQLAlchemyError, psycopg.Error, TimeoutError):
        asked.cancel()  # if it has not begun: the one before it has not been answered either
        return {"database": "down", "migrations": "unknown"}
    return {"database": "ok", "migrations": state}


def _state_of_writable_database() -> str:
    db.require_writable()
    return migrations.state(db.probe_engine())


_asker = ThreadPoolExecutor(1, thread_name_prefix="readiness")
"""No timeout of PostgreSQL's client ends the wait for a server that is there and says nothing."""


def promises() -> str:
    """Whether PostgreSQL is set to keep what it has committed; else what is weak, as `fsync is off`."""
    if settings().durability == "relaxed":
        return "relaxed"
    return _violations(settings().require("database_url"), int(time.monotonic() // ASK_EVERY)) or "ok"


@lru_cache(maxsize=1)
def _violations(url: str, _turn: int) -> str:
    return ", ".join(durability.violations(url, replicated=settings().durability == "replicated"))


def broker() -> str:
    """Whether every node of the broker greets back; else how many do. The API itself never talks to it."""
    return _greet_back(settings().broker_url)


def rate_limits() -> str:
    """Whether the store of the rate limits greets back. While it does not, nobody is limited."""
    return _greet_back(settings().rate_limit_url)


def _greet_back(urls: SecretStr | None) -> str:
    if urls is None:
        return "not configured"
    each = urls.get_secret_value().split(";")
    with ThreadPoolExecutor(len(each)) as threads:
        well = sum(threads.map(_greets_back, each))
    if well in {0, len(each)}:
        return "ok" if well else "down"
    return f"{well} of {len(each)} nodes answer"


def _greets_back(address: str) -> bool:
    url = urlsplit(address)
    port, hello, answers = GREETINGS[url.scheme]
    try:
        with socket.create_connection((url.hostname, url.port or port), timeout=SECONDS) as connection:
            connection.sendall(hello)
            return not hello or connection.recv(1) in answers
    except OSError:
        return False

"""Readiness checks of the services that the API depends on."""

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

TIMEOUT = 2.0
"""Seconds."""
DURABILITY_CHECK_INTERVAL = 15
"""Seconds between two checks of PostgreSQL's settings, which seldom change."""

# Default port, the first bytes to send, and the possible first byte of the response: AMQP 0-9-1, section 4.2.2; RESP,
# where PING may fail without a password ("-NOAUTH"). With TLS, an open connection is enough.
HANDSHAKES = {
    "amqp": (5672, b"AMQP\x00\x00\x09\x01", (b"\x01",)),
    "redis": (6379, b"PING\r\n", (b"+", b"-")),
    "amqps": (5671, b"", ()),
    "rediss": (6379, b"", ()),
}


def database() -> dict[str, str]:
    """Whether the database responds in time, accepts writes and has the migrations of this code."""
    check = _executor.submit(_migrations_of_writable_database)
    try:
        state = check.result(timeout=TIMEOUT)
    except psycopg.errors.ReadOnlySqlTransaction:
        return {"database": "read-only", "migrations": "unknown"}
    except (SQLAlchemyError, psycopg.Error, TimeoutError):
        check.cancel()  # no effect if it has started: only checks in the queue are cancelled
        return {"database": "down", "migrations": "unknown"}
    return {"database": "ok", "migrations": state}


def _migrations_of_writable_database() -> str:
    db.require_writable()
    return migrations.state(db.probe_engine())


_executor = ThreadPoolExecutor(1, thread_name_prefix="readiness")
"""Checks run in a thread, because libpq has no timeout for a server that accepts connections and never responds."""


def durability_settings() -> str:
    """`ok` if PostgreSQL's settings keep committed data durable, else the violations, such as `fsync is off`."""
    if settings().durability == "relaxed":
        return "relaxed"
    cache_period = int(time.monotonic() // DURABILITY_CHECK_INTERVAL)
    return _durability_violations(settings().require("database_url"), cache_period) or "ok"


@lru_cache(maxsize=1)
def _durability_violations(url: str, _cache_period: int) -> str:
    return ", ".join(durability.violations(url, replicated=settings().durability == "replicated"))


def broker() -> str:
    """Whether all nodes of the broker respond, else how many. The API itself never uses the broker."""
    return _ping_all(settings().broker_url)


def rate_limits() -> str:
    """Whether the store of the rate limits responds. While it is down, requests are not limited."""
    return _ping_all(settings().rate_limit_url)


def _ping_all(urls: SecretStr | None) -> str:
    if urls is None:
        return "not configured"
    nodes = urls.get_secret_value().split(";")
    with ThreadPoolExecutor(len(nodes)) as threads:
        responding = sum(threads.map(_responds, nodes))
    if responding in {0, len(nodes)}:
        return "ok" if responding else "down"
    return f"{responding} of {len(nodes)} nodes respond"


def _responds(address: str) -> bool:
    url = urlsplit(address)
    port, hello, answers = HANDSHAKES[url.scheme]
    try:
        with socket.create_connection((url.hostname, url.port or port), timeout=TIMEOUT) as connection:
            connection.sendall(hello)
            return not hello or connection.recv(1) in answers
    except OSError:
        return False

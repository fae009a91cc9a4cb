"""PostgreSQL settings for the sessions of the app and operator logins, with or without a connection pooler."""

from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import Engine, event

from kit.config import settings
from kit.db import watchdog
from kit.errors import NotConfigured

SETTINGS = {
    "timezone": "UTC",
    "statement_timeout": "30s",
    # A process that hangs within a transaction must not hold its locks for longer.
    "idle_in_transaction_session_timeout": "10s",
    # Frequent statements are prepared, and select a few rows by key: one plan is good for all values.
    "plan_cache_mode": "force_generic_plan",
    # Statements select few rows by index. A generic plan made while a table was small, empty (as the outbox usually is)
    # or not yet analysed would scan the whole table for as long as the session lives, however large it gets.
    "enable_seqscan": "off",
    # JIT compilation takes a tenth of a second, more than such statements; the planner chooses it when it overestimates
    # a plan that stops at its LIMIT.
    "jit": "off",
}
"""As `current_setting` returns them."""


_READ_SETTINGS = """
    SELECT 'backend_pid', pg_backend_pid()::text
    UNION ALL SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name"""
_APPLY_SETTINGS = "SELECT set_config(name, value, false) FROM jsonb_each_text(%s) AS settings (name, value)"


def apply_to_connections(engine: Engine, *, setting: str) -> Engine:
    """Have each new connection use SETTINGS, and prepared statements where they work.

    `orderx migrate` stores the settings with the login; otherwise they are set for the session. Behind a pooler
    sessions are shared, so there a connection without them raises NotConfigured. `setting` is the URL's name.
    """

    def apply(connection: psycopg.Connection, _record: Any) -> None:
        connection.autocommit = True
        with watchdog.watching(connection):
            actual: dict[str, str] = dict(connection.execute(_READ_SETTINGS, [list(SETTINGS)]).fetchall())
            pooled = int(actual["backend_pid"]) != connection.info.backend_pid
            missing = {name: value for name, value in SETTINGS.items() if actual[name] != value}
            if missing and pooled:
                wrong = ", ".join(f"{name} is {actual[name]}" for name in missing)
                raise NotConfigured(
                    f"ORDERX_{setting.upper()}: {wrong} behind the pooler: run `orderx migrate` with this login, "
                    "have the pooler log in to PostgreSQL with it, and run RECONNECT in the pooler's console"
                )
            if missing:
                connection.execute(_APPLY_SETTINGS, [Jsonb(missing)])
        connection.autocommit = False
        prepares = settings().prepared_statements
        if prepares == "off" or (prepares == "auto" and pooled):
            connection.prepare_threshold = None

    event.listen(engine, "connect", apply)
    return engine


def is_pooled(connection: psycopg.Connection[Any]) -> bool:
    """Whether the connection goes through a pooler such as PgBouncer, which reports other backend process ids."""
    (backend_pid,) = connection.execute("SELECT pg_backend_pid()").fetchone() or (None,)
    return backend_pid != connection.info.backend_pid

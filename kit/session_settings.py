"""How PostgreSQL is set for each session of the app's and the operator's logins, and what a pooler leaves of that."""

from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import Engine, event

from kit import watchdog
from kit.config import settings
from kit.errors import NotConfigured

SETTINGS = {
    "timezone": "UTC",
    "statement_timeout": "30s",
    # A process that stands still in the middle of a transaction shall not hold its locks for longer.
    "idle_in_transaction_session_timeout": "10s",
    # What runs often is prepared, and is a few rows by key whatever the values: planned once, not each time.
    "plan_cache_mode": "force_generic_plan",
    # Statements go for few rows, by keys or by what is due. A plan that was made and kept while a table was small,
    # empty (as the outbox mostly is) or not yet analysed would read all of it for ever, however large it has become.
    "enable_seqscan": "off",
    # And for such a statement machine code is not worth its making: a tenth of a second, whenever a plan that stops at
    # its LIMIT is thought to be long.
    "jit": "off",
}
"""As `current_setting` tells them."""


_ASK = """
    SELECT 'backend_pid', pg_backend_pid()::text
    UNION ALL SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name"""
_SET = "SELECT set_config(name, value, false) FROM jsonb_each_text(%s) AS given (name, value)"


def applied(engine: Engine, *, setting: str) -> Engine:
    """The engine, whose new connections have SETTINGS, and prepare statements where that works.

    A login that `orderx migrate` has let in brings them along; or else they are set for the session. Behind a pooler a
    session is everybody's, so there new connections raise NotConfigured.
    """

    def apply(connection: psycopg.Connection, _record: Any) -> None:
        connection.autocommit = True
        with watchdog.watching(connection):
            found: dict[str, str] = dict(connection.execute(_ASK, [list(SETTINGS)]).fetchall())
            pooled = int(found["backend_pid"]) != connection.info.backend_pid
            others = {name: value for name, value in SETTINGS.items() if found[name] != value}
            if others and pooled:
                wrong = ", ".join(f"{name} is {found[name]}" for name in others)
                raise NotConfigured(
                    f"ORDERX_{setting.upper()}: {wrong} behind the pooler: run `orderx migrate` with this login, "
                    "have the pooler log in to PostgreSQL as it, and give its console RECONNECT"
                )
            if others:
                connection.execute(_SET, [Jsonb(others)])
        connection.autocommit = False
        prepares = settings().prepared_statements
        if prepares == "off" or (prepares == "auto" and pooled):
            connection.prepare_threshold = None

    event.listen(engine, "connect", apply)
    return engine


def is_pooled(connection: psycopg.Connection[Any]) -> bool:
    """Whether a pooler (PgBouncer, say) answers for the server: it hands out process ids of its own."""
    (backend_pid,) = connection.execute("SELECT pg_backend_pid()").fetchone() or (None,)
    return backend_pid != connection.info.backend_pid

"""Bring a database to the newest schema, and let the app and the operator log in to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import Connection, connect, sql
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import DBAPIError

from kit.errors import NotConfigured, Unavailable
from migrations import public

_LOCK = 7_079_320_226  # any number of ours: two migrations at once wait for each other


def alembic_config(owner_url: str = "") -> Config:
    """Alembic's configuration for these migrations, without a file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("sqlalchemy.url", owner_url.replace("%", "%%"))
    return config


def upgrade(*, owner_url: str, app_url: str | None = None, operator_url: str | None = None) -> None:
    """Apply what is missing, then create the login roles that the two URLs name; safe to repeat.

    Raises NotConfigured when the owner lacks a right, and Unavailable.
    """
    with _precise_errors(), connect(owner_url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        public.restrict(connection)
        command.upgrade(_replacing_functions(owner_url), "head")
        for url, group in ((app_url, "orderx_app"), (operator_url, "orderx_operator")):
            if url:
                _let_in(connection, url, group)


def downgrade(*, owner_url: str, revision: str = "base") -> None:
    """Take the schema back to an earlier revision."""
    command.downgrade(alembic_config(owner_url), revision)


def at_head(engine: Engine) -> bool:
    """Whether the database has every migration this code knows."""
    newest = ScriptDirectory.from_config(alembic_config()).get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == newest


@contextmanager
def _precise_errors() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, psycopg.OperationalError):
            raise Unavailable(f"the database does not answer: {str(cause).strip()}") from error
        if isinstance(cause, InsufficientPrivilege):
            reason = cause.diag.message_primary
            raise NotConfigured(
                f"ORDERX_OWNER_DATABASE_URL: {reason}; docs/operations.md (Roles in PostgreSQL) says what the owner needs"
            ) from error
        raise


def _replacing_functions(owner_url: str) -> Config:
    config = alembic_config(owner_url)
    config.attributes["replace_functions"] = True
    return config


def _let_in(connection: Connection, url: str, group: str) -> None:
    login = make_url(url)
    name, password = sql.Identifier(login.username), sql.Literal(login.password)
    known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [login.username]).rowcount
    verb = sql.SQL("ALTER" if known else "CREATE")
    connection.execute(sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, name, password))
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), name))

"""Bring a database to the newest schema, and let the app and the operator log in to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import Connection, connect, sql
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import DBAPIError

from kit.errors import NotConfigured, Unavailable
from kit.session_settings import SETTINGS
from migrations import functions, public
from migrations.tables import metadata

_LOCK = 7_079_320_226  # any number of ours: two migrations at once wait for each other


def alembic_config(owner_url: str = "") -> Config:
    """Alembic's configuration for these migrations, without a file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("sqlalchemy.url", owner_url.replace("%", "%%"))
    return config


def upgrade(*, owner_url: str, app_url: str | None = None, operator_url: str | None = None) -> bool:
    """Apply what is missing, then create the login roles that the two URLs name; safe to repeat.

    Returns False, having changed nothing, when the database was migrated by a newer release than this one.
    Raises NotConfigured when the owner lacks a right, and Unavailable.
    """
    with _precise_errors(), connect(owner_url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        if _is_newer(_revision(connection)):
            return False
        public.restrict(connection)
        command.upgrade(_replacing_functions(owner_url), "head")
        for url, group in ((app_url, "orderx_app"), (operator_url, "orderx_operator")):
            if url:
                _let_in(connection, url, group)
        return True


def downgrade(*, owner_url: str, revision: str = "base") -> None:
    """Take the schema back to an earlier revision."""
    command.downgrade(alembic_config(owner_url), revision)


def state(engine: Engine) -> str:
    """How the database stands to this code: `ok`, `behind`, `newer`, or `newer, without` something that this code uses."""
    with engine.connect() as pooled:
        connection: Connection = pooled.connection.driver_connection  # type: ignore[assignment]
        revision = _revision(connection)
        if not _is_newer(revision):
            return "ok" if revision == _scripts().get_current_head() else "behind"
        there = {name for (name,) in connection.execute(_THERE)}
    missing = sorted(_used() - there)
    return f"newer, without {', '.join(missing)}" if missing else "newer"


_THERE = """
    SELECT format('%s.%s', relname, attname) FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT format('%s()', proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"""


def _used() -> set[str]:
    """The columns and functions that this code uses, as _THERE lists them."""
    columns = {f"{table.name}.{column.name}" for table in metadata.tables.values() for column in table.columns}
    return columns | {f"{name}()" for name in functions.FILES}


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic_config())


def _revision(connection: Connection) -> str | None:
    """The last migration that was applied."""
    if connection.execute("SELECT to_regclass('public.alembic_version')").fetchone() == (None,):
        return None
    applied = connection.execute("SELECT version_num FROM public.alembic_version").fetchone()
    return applied[0] if applied else None


def _is_newer(revision: str | None) -> bool:
    return revision is not None and revision not in {script.revision for script in _scripts().walk_revisions()}


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
    # On the login, for a pooler hands on nothing that a connection asks for when it begins.
    for setting, value in SETTINGS.items():
        connection.execute(
            sql.SQL("ALTER ROLE {} SET {} TO {}").format(name, sql.Identifier(setting), sql.Literal(value))
        )

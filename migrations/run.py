"""Applies migrations, and creates the logins of the app and operator roles."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import structlog
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import Connection, connect, sql
from psycopg.errors import InsufficientPrivilege, LockNotAvailable
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import DBAPIError

from kit.db.engines import psycopg_connection
from kit.db.session_settings import SETTINGS
from kit.errors import NotConfigured, Unavailable
from migrations import functions, public_privileges
from migrations.tables import metadata

_MIGRATION_LOCK_ID = 7_079_320_226  # an arbitrary constant: concurrent migrations wait for each other


def alembic_config(owner_url: str = "") -> Config:
    """Alembic's configuration for these migrations, without a configuration file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("sqlalchemy.url", owner_url.replace("%", "%%"))
    return config


def upgrade(*, owner_url: str, app_url: str | None = None, operator_url: str | None = None) -> bool:
    """Apply pending migrations, then create or update the logins in the two URLs. Idempotent.

    Returns False, without changes, when a newer release has migrated the database. Raises NotConfigured when the owner
    lacks a privilege, and Unavailable when the database does not answer.
    """
    with _precise_errors(), connect(owner_url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK_ID])
        if _is_newer(_revision(connection)):
            return False
        public_privileges.revoke(connection)
        _upgrade_schema(owner_url)
        for url, group in ((app_url, "orderx_app"), (operator_url, "orderx_operator")):
            if url:
                _create_login(connection, url, group)
        return True


ATTEMPTS = 20
"""How often a migration tries to get its locks. Each attempt waits as long as online.SET_LOCK_TIMEOUT says."""
PAUSE = 3.0
"""Seconds between two attempts. Meanwhile those who queued behind the migration use the table."""

log = structlog.get_logger()


def _upgrade_schema(owner_url: str) -> None:
    """Apply pending migrations and replace the functions. Tries again where a lock is not to be had for now.

    A failed attempt is rolled back, except what a migration has committed itself (migrations/online.py).
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return command.upgrade(_config_to_replace_functions(owner_url), "head")
        except (DBAPIError, psycopg.Error) as error:
            if not isinstance(_cause(error), LockNotAvailable) or attempt == ATTEMPTS:
                raise
        log.info("migration waits for a table that a transaction uses", attempt=attempt, attempts=ATTEMPTS)
        time.sleep(PAUSE)
    return None


def downgrade(*, owner_url: str, revision: str = "base") -> None:
    """Downgrade the schema to an earlier revision."""
    command.downgrade(alembic_config(owner_url), revision)


def state(engine: Engine) -> str:
    """Compare the schema with this release: `ok`, `behind`, `newer`, or `newer, missing` columns or functions it uses."""
    with engine.connect() as pooled:
        connection = psycopg_connection(pooled)
        revision = _revision(connection)
        if not _is_newer(revision):
            return "ok" if revision == _scripts().get_current_head() else "behind"
        existing = {name for (name,) in connection.execute(_READ_COLUMNS_AND_FUNCTIONS)}
    missing = sorted(_used_by_release() - existing)
    return f"newer, missing {', '.join(missing)}" if missing else "newer"


_READ_COLUMNS_AND_FUNCTIONS = """
    SELECT format('%s.%s', relname, attname) FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT format('%s()', proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"""


def _used_by_release() -> set[str]:
    """The columns and functions that this release uses, in the format of _READ_COLUMNS_AND_FUNCTIONS."""
    columns = {f"{table.name}.{column.name}" for table in metadata.tables.values() for column in table.columns}
    return columns | {f"{name}()" for name in functions.FILES}


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic_config())


def _revision(connection: Connection) -> str | None:
    """The revision of the database; None before the first migration."""
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
        cause = _cause(error)
        if isinstance(cause, LockNotAvailable):
            raise Unavailable(
                "a transaction uses a table that is to be changed: nothing was changed; try again"
            ) from error
        if isinstance(cause, psycopg.OperationalError):
            raise Unavailable(f"the database does not answer: {str(cause).strip()}") from error
        if isinstance(cause, InsufficientPrivilege):
            reason = cause.diag.message_primary
            raise NotConfigured(
                f"ORDERX_OWNER_DATABASE_URL: {reason}; for the privileges that the owner needs see docs/operations.md (Roles in PostgreSQL)"
            ) from error
        raise


def _cause(error: BaseException) -> BaseException | None:
    return error.orig if isinstance(error, DBAPIError) else error


def _config_to_replace_functions(owner_url: str) -> Config:
    config = alembic_config(owner_url)
    config.attributes["replace_functions"] = True
    return config


def _create_login(connection: Connection, url: str, group: str) -> None:
    login = make_url(url)
    assert login.username  # kit/config.py takes no URL without
    name, password = sql.Identifier(login.username), sql.Literal(login.password)
    exists = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [login.username]).rowcount
    verb = sql.SQL("ALTER" if exists else "CREATE")
    connection.execute(sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, name, password))
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), name))
    # Stored with the login, because a pooler does not pass on a connection's startup options.
    for setting, value in SETTINGS.items():
        connection.execute(
            sql.SQL("ALTER ROLE {} SET {} TO {}").format(name, sql.Identifier(setting), sql.Literal(value))
        )

"""Alembic's entry point: applies all pending revisions, then the database functions and policies, in one transaction.

Offline (`--sql`) it prints the SQL of revisions instead.
"""

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from kit.config import settings
from kit.db.engines import dialect_url, psycopg_connection
from migrations import functions, online, policies
from migrations.tables import metadata


def print_sql() -> None:
    """Print the statements, preceded by the settings under which `migrate` runs them."""
    context.configure(dialect_name="postgresql", literal_binds=True, target_metadata=metadata)
    context.execute(online.SET_LOCK_TIMEOUT)
    with context.begin_transaction():
        context.run_migrations()


def apply() -> None:
    """Run the migrations over a connection of the owner."""
    url = context.config.get_alembic_option("sqlalchemy.url") or settings().require("owner_database_url")
    options = {"options": f"-c lock_timeout={online.LOCK_TIMEOUT}"}
    engine = create_engine(dialect_url(url), poolclass=NullPool, connect_args=options)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata, compare_server_default=True)
        with context.begin_transaction():
            context.run_migrations()
            if context.config.attributes.get("replace_functions"):
                functions.replace(psycopg_connection(connection))
                policies.replace(psycopg_connection(connection))


if context.is_offline_mode():
    print_sql()
else:
    apply()

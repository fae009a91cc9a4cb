"""Alembic's entry point: applies all pending revisions, then the database functions, in one transaction."""

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from kit.config import settings
from kit.db.engines import dialect_url
from migrations import functions
from migrations.tables import metadata

url = context.config.get_alembic_option("sqlalchemy.url") or settings().require("owner_database_url")
engine = create_engine(dialect_url(url), poolclass=NullPool)

with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()
        if context.config.attributes.get("replace_functions"):
            functions.replace(connection.connection.driver_connection)

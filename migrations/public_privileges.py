"""Privileges that PostgreSQL grants to PUBLIC in a new database, and that no role of OrderX needs."""

import psycopg
from psycopg import sql

from kit.errors import NotConfigured

# Objects in pg_temp, or of another role in the schema, could shadow those of OrderX.
_FIND_EXCESS_PRIVILEGES = """
    SELECT format('REVOKE TEMP ON DATABASE %I FROM PUBLIC', current_database())
    WHERE has_database_privilege('public', current_database(), 'TEMP')
    UNION ALL SELECT 'REVOKE CREATE ON SCHEMA public FROM PUBLIC'
    WHERE has_schema_privilege('public', 'public', 'CREATE')"""


def revoke(connection: psycopg.Connection) -> None:
    """Revoke from PUBLIC the privileges to create temporary objects in the database, and objects in the schema.

    Privileges belong to the database; neither a template nor a dump copies them. Raises NotConfigured, naming the
    statements to run, when the connection's role may not revoke them.
    """
    for statement in _revoke_statements(connection):
        connection.execute(sql.SQL(statement))
    missing = _revoke_statements(connection)
    if missing:
        raise NotConfigured(
            f"{connection.info.user} owns neither the database nor the schema: have their owner run {'; '.join(missing)}"
        )


def _revoke_statements(connection: psycopg.Connection) -> list[str]:
    return [statement for (statement,) in connection.execute(_FIND_EXCESS_PRIVILEGES)]

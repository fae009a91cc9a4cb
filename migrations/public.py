"""What PostgreSQL lets every role do in a new database, and no role of ours needs."""

import psycopg
from psycopg import sql

from kit.errors import NotConfigured

# An object in pg_temp, or another role's in the schema, may be found where one of ours is meant.
_EXCESS = """
    SELECT format('REVOKE TEMP ON DATABASE %I FROM PUBLIC', current_database())
    WHERE has_database_privilege('public', current_database(), 'TEMP')
    UNION ALL SELECT 'REVOKE CREATE ON SCHEMA public FROM PUBLIC'
    WHERE has_schema_privilege('public', 'public', 'CREATE')"""


def restrict(connection: psycopg.Connection) -> None:
    """Take from every role the rights to create temporary objects in the database, and objects in the schema.

    PostgreSQL keeps them with the database, and copies them neither with a template nor with a dump.
    Raises NotConfigured, naming the statements that are missing, when the connection's role must not do it.
    """
    for statement in _excess(connection):
        connection.execute(sql.SQL(statement))
    missing = _excess(connection)
    if missing:
        raise NotConfigured(
            f"{connection.info.user} owns neither the database nor the schema: have their owner run {'; '.join(missing)}"
        )


def _excess(connection: psycopg.Connection) -> list[str]:
    return [statement for (statement,) in connection.execute(_EXCESS)]

"""Which of the two groups a login is of: row-level security shows any other an empty database, or all of it."""

from typing import Any

import psycopg
from sqlalchemy import Engine, event

from kit import watchdog
from kit.errors import NotConfigured

_GROUPS = {"database_url": "orderx_app", "operator_database_url": "orderx_operator"}
_HELD = """
    SELECT rolname, pg_has_role(session_user, oid, 'member') FROM pg_roles
    WHERE rolname IN ('orderx_app', 'orderx_operator', 'orderx_definer')"""


def checked(engine: Engine, *, setting: str) -> Engine:
    """The engine, whose new connections raise NotConfigured unless their login is of the setting's group alone.

    A superuser is a member of every role. Before the first migration there are no groups, and nothing to be seen.
    """

    def refuse_others(connection: psycopg.Connection, _record: Any) -> None:
        connection.autocommit = True
        with watchdog.watching(connection):
            held: dict[str, bool] = dict(connection.execute(_HELD).fetchall())
        connection.autocommit = False
        if held and [group for group, is_of in held.items() if is_of] != [_GROUPS[setting]]:
            raise NotConfigured(
                f"the login of ORDERX_{setting.upper()} must be of {_GROUPS[setting]} alone: take one that "
                "`orderx migrate` has let in"
            )

    event.listen(engine, "connect", refuse_others)
    return engine

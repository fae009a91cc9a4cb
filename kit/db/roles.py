"""Checks the group of a database login: with a wrong one, row-level security hides every row or none."""

from typing import Any

import psycopg
from sqlalchemy import Engine, event

from kit.db import watchdog
from kit.errors import NotConfigured

_GROUPS = {"database_url": "orderx_app", "operator_database_url": "orderx_operator"}
_READ_MEMBERSHIPS = """
    SELECT rolname, pg_has_role(session_user, oid, 'member') FROM pg_roles
    WHERE rolname IN ('orderx_app', 'orderx_operator', 'orderx_definer')"""


def require_group(engine: Engine, *, setting: str) -> Engine:
    """Have each new connection raise NotConfigured unless its login is a member of the setting's group and no other.

    A superuser counts as a member of every group. Before the first migration there are no groups, and any login passes.
    """

    def check(connection: psycopg.Connection, _record: Any) -> None:
        connection.autocommit = True
        with watchdog.watching(connection):
            memberships: dict[str, bool] = dict(connection.execute(_READ_MEMBERSHIPS).fetchall())
        connection.autocommit = False
        if memberships and [group for group, is_member in memberships.items() if is_member] != [_GROUPS[setting]]:
            raise NotConfigured(
                f"the login of ORDERX_{setting.upper()} must be a member of {_GROUPS[setting]} and of no other group: "
                "use a login that `orderx migrate` has set up"
            )

    event.listen(engine, "connect", check)
    return engine

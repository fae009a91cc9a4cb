"""Releases that need a stop: their migrations run only while nothing is under way."""

from alembic import op
from sqlalchemy import text

from kit.errors import Conflict

_TABLES = ("sagas", "outbox")
_COUNT_OPEN_WORK = "SELECT (SELECT count(*) FROM sagas WHERE ended_at IS NULL), (SELECT count(*) FROM outbox)"


class WorkUnderWay(Conflict):
    """This release cannot migrate a database with open sagas or unsent messages."""


def require() -> None:
    """Lock sagas and outbox until the migration commits, and raise WorkUnderWay if a saga or a message is open.

    The first statement of a migration that renames what sagas and messages refer to, in both directions.
    """
    if op.get_context().as_sql:  # without a database there is nothing to look at
        return
    # Turning row-level security off for the owner also takes the lock that keeps everybody else away.
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    sagas, messages = op.get_bind().execute(text(_COUNT_OPEN_WORK)).one()
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    if sagas or messages:
        raise WorkUnderWay(
            f"this release needs a stop, and there are {sagas} open sagas and {messages} unsent messages: stop the API, wait until"
            " workers and relay have finished them, then migrate again (docs/operations.md, Upgrade with a stop)"
        )

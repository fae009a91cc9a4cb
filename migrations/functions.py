"""Changing a word in a function of the database that an earlier migration made."""

import sqlalchemy as sa
from alembic import op


def reword(signature: str, old: str, new: str) -> None:
    """Put other words into the function; all else of it stays, and who may call it.

    Raises LookupError unless it says `old` exactly once.
    """
    connection = op.get_bind()
    made = connection.scalar(
        sa.text("SELECT pg_get_functiondef(cast(:function AS regprocedure))"), {"function": signature}
    )
    if made.count(old) != 1:
        raise LookupError(f"{signature} does not say {old!r}")
    connection.exec_driver_sql(made.replace(old, new))

"""Changes of tables that are in use: none of them keeps readers or writers waiting."""

from alembic import op

LOCK_TIMEOUT = "2s"
"""All transactions that use a table queue behind a migration that waits for its lock. So it waits briefly, and tries again."""
SET_LOCK_TIMEOUT = f"SET lock_timeout = '{LOCK_TIMEOUT}'"
_CLEAR_LOCK_TIMEOUT = "SET lock_timeout = 0"
"""Building an index concurrently, or validating, waits for transactions to end, and nobody queues behind that."""


def create_index(name: str, table: str, columns: str, *, unique: bool = False, where: str | None = None) -> None:
    """Create an index on a table that has rows, without blocking writes to it.

    `columns` and `where` are SQL. Commits what the migration has done so far; so that part has to bear being run again.
    """
    kind = "UNIQUE INDEX" if unique else "INDEX"
    condition = f" WHERE {where}" if where else ""
    with op.get_context().autocommit_block():
        op.execute(_CLEAR_LOCK_TIMEOUT)
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")  # an interrupted run leaves an invalid one
        op.execute(f"CREATE {kind} CONCURRENTLY IF NOT EXISTS {name} ON {table} ({columns}){condition}")
        op.execute(SET_LOCK_TIMEOUT)


def drop_index(name: str) -> None:
    """Drop an index without blocking those who use its table. Commits what the migration has done so far."""
    with op.get_context().autocommit_block():
        op.execute(_CLEAR_LOCK_TIMEOUT)
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute(SET_LOCK_TIMEOUT)


def add_constraint(name: str, table: str, definition: str) -> None:
    """Add, or replace, a CHECK or FOREIGN KEY: for new rows at once, then validate it while others read and write.

    Commits what the migration has done so far; so that part has to bear being run again.
    """
    with op.get_context().autocommit_block():
        op.execute(
            f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}, ADD CONSTRAINT {name} {definition} NOT VALID"
        )
        op.execute(_CLEAR_LOCK_TIMEOUT)
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
        op.execute(SET_LOCK_TIMEOUT)


def fill(statement: str, *tables: str) -> None:
    """Run a statement that changes rows of these tables in batches, and commits each: a DO block with COMMIT in its loop.

    Row-level security binds the owner, too: a policy lets the owner see the rows of all companies until the statement
    has ended. Commits what the migration has done so far; so that part has to bear being run again.
    """
    with op.get_context().autocommit_block():
        for table in tables:
            op.execute(f"DROP POLICY IF EXISTS backfill ON {table}")
            op.execute(f"CREATE POLICY backfill ON {table} TO CURRENT_USER USING (true)")
        op.execute(statement)
        for table in tables:
            op.execute(f"DROP POLICY backfill ON {table}")

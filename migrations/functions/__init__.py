"""The database functions, one `.sql` file each in a folder of its area; `orderx migrate` replaces all of them after the last migration.

A migration drops a function whose arguments or result type change. A migration that creates a trigger calls `replace`
for its function first.
"""

from pathlib import Path

import psycopg

FILES = {path.stem: path for path in sorted(Path(__file__).parent.rglob("*.sql"))}
"""By function name."""

# Setting an owner takes membership in the new owner's role, and that role needs CREATE on the schema. The membership
# stays, as a superuser has it anyway; CREATE is revoked before the end of the transaction.
_GRANT_CREATE_TO_OWNERS = """
    DO $$ BEGIN
        IF NOT pg_has_role(current_user, 'orderx_definer', 'USAGE') THEN
            GRANT orderx_definer TO CURRENT_USER;
        END IF;
        IF NOT pg_has_role(current_user, 'orderx_events_owner', 'USAGE') THEN
            GRANT orderx_events_owner TO CURRENT_USER;
        END IF;
    END $$;
    DO $$ BEGIN
        IF NOT pg_has_role('orderx_definer', 'pg_read_all_stats', 'USAGE') THEN -- for oldest_snapshot
            GRANT pg_read_all_stats TO orderx_definer;
        END IF;
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE WARNING 'orderx_definer cannot read statistics of other sessions: no alert about long-running transactions';
    END $$;
    GRANT CREATE ON SCHEMA public TO orderx_definer, orderx_events_owner"""
_REVOKE_CREATE_FROM_OWNERS = "REVOKE CREATE ON SCHEMA public FROM orderx_definer, orderx_events_owner"


def replace(connection: psycopg.Connection, *names: str) -> None:
    """Create or replace the named functions, or all of them when none is named, in the current transaction."""
    connection.execute(_GRANT_CREATE_TO_OWNERS)
    for name in names or FILES:
        connection.execute(FILES[name].read_text())
    connection.execute(_REVOKE_CREATE_FROM_OWNERS)

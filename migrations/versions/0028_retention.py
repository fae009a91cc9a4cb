"""Indexes for finding expired rows, on each table with a retention rule.

The inbox needs no additional index: its key now begins with the event's id, a UUIDv7, which begins with a time. The
indexes are built concurrently with writes, outside of a transaction.
"""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

INDEXES = {
    "logins_over_idx": "logins (coalesce(ended_at, lapses_at))",
    "refresh_tokens_expires_at_idx": "refresh_tokens (expires_at)",
    "links_expires_at_idx": "links (expires_at)",
    "attempts_over_idx": "attempts (greatest(last_at, next_at))",
    "alerts_closing_told_at_idx": "alerts (closing_told_at)",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, columns in INDEXES.items():
            _create_index(name, columns)
    _order_inbox_by("event_id, consumer")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY {name}")
    _order_inbox_by("consumer, event_id")


def _order_inbox_by(columns: str) -> None:
    with op.get_context().autocommit_block():
        _create_index("inbox_new_pkey", f"inbox ({columns})", unique="UNIQUE")
    op.execute(
        "ALTER TABLE inbox DROP CONSTRAINT inbox_pkey, ADD CONSTRAINT inbox_pkey PRIMARY KEY USING INDEX inbox_new_pkey"
    )


def _create_index(name: str, columns: str, unique: str = "") -> None:
    op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")  # an interrupted build leaves an invalid index
    op.execute(f"CREATE {unique} INDEX CONCURRENTLY {name} ON {columns}")

"""An alert for a long-running transaction, whose snapshot prevents the removal of dead rows."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

BEFORE = ("incident_opened", "nothing_consumed", "outbox_ages", "queue_ages", "worker_died")


def upgrade() -> None:
    _allow(*BEFORE, "snapshot_ages")


def downgrade() -> None:
    op.execute("DROP FUNCTION oldest_snapshot()")
    op.execute("DELETE FROM alerts WHERE kind = 'snapshot_ages'")
    _allow(*BEFORE)


def _allow(*kinds: str) -> None:
    op.drop_constraint(op.f("alerts_kind_check"), "alerts")
    op.create_check_constraint(op.f("alerts_kind_check"), "alerts", f"kind IN {tuple(sorted(kinds))}")

"""An alert for messages that leave the outbox but are not consumed."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

BEFORE = ("incident_opened", "outbox_ages", "queue_ages", "worker_died")


def upgrade() -> None:
    _allow(*BEFORE, "nothing_consumed")


def downgrade() -> None:
    op.execute("DELETE FROM alerts WHERE kind = 'nothing_consumed'")
    _allow(*BEFORE)


def _allow(*kinds: str) -> None:
    op.drop_constraint(op.f("alerts_kind_check"), "alerts")
    op.create_check_constraint(op.f("alerts_kind_check"), "alerts", f"kind IN {tuple(sorted(kinds))}")

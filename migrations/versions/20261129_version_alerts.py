"""An alert about sagas of a version that no worker knows."""

from alembic import op

revision = "20261129_version_alerts"
down_revision = "20261129_schedules"
branch_labels = None
depends_on = None

ALERTS = (
    "incident_opened", "long_running_transaction", "nothing_consumed", "outbox_overdue", "queue_stalled",
    "schedule_failing", "schedule_overdue", "worker_died",
)  # fmt: skip


def upgrade() -> None:
    _allow_alerts(*ALERTS, "saga_version_unknown")


def downgrade() -> None:
    op.execute("DELETE FROM alerts WHERE kind = 'saga_version_unknown'")
    _allow_alerts(*ALERTS)


def _allow_alerts(*kinds: str) -> None:
    name = op.f("alerts_kind_check")
    op.execute(
        f"ALTER TABLE alerts DROP CONSTRAINT {name},"
        f" ADD CONSTRAINT {name} CHECK (kind IN {tuple(sorted(kinds))}) NOT VALID"
    )
    op.execute(f"ALTER TABLE alerts VALIDATE CONSTRAINT {name}")

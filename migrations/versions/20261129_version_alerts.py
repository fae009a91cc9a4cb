"""An alert about sagas of a version that no worker knows."""

from migrations import alert_kinds

revision = "20261129_version_alerts"
down_revision = "20261129_schedules"
branch_labels = None
depends_on = None

ALERTS = (
    "incident_opened", "long_running_transaction", "nothing_consumed", "outbox_overdue", "queue_stalled",
    "schedule_failing", "schedule_overdue", "worker_died",
)  # fmt: skip
# The release before opened alerts under the old kinds until its last sweeper stopped.
RENAMED = {
    "outbox_ages": "outbox_overdue",
    "queue_ages": "queue_stalled",
    "snapshot_ages": "long_running_transaction",
}


def upgrade() -> None:
    alert_kinds.allow(*ALERTS, "saga_version_unknown", renamed=RENAMED)


def downgrade() -> None:
    alert_kinds.allow(*ALERTS, *RENAMED)

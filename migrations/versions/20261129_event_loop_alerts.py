"""An alert for events that reactions publish in a loop."""

from migrations import alert_kinds

revision = "20261129_event_loop_alerts"
down_revision = "20261129_wake_for_orders"
branch_labels = None
depends_on = None

ALERTS = (
    "incident_opened", "job_failed", "long_running_transaction", "nothing_consumed", "outbox_overdue", "queue_stalled",
    "saga_version_unknown", "schedule_failing", "schedule_overdue", "worker_died",
)  # fmt: skip


def upgrade() -> None:
    alert_kinds.allow(*ALERTS, "event_loop")


def downgrade() -> None:
    alert_kinds.allow(*ALERTS)

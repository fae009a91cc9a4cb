"""An alert for events that reactions publish in a loop."""

from alembic import op

revision = "20261129_event_loop_alerts"
down_revision = "20261129_wake_for_orders"
branch_labels = None
depends_on = None

ALERTS = (
    "incident_opened", "job_failed", "long_running_transaction", "nothing_consumed", "outbox_overdue", "queue_stalled",
    "saga_version_unknown", "schedule_failing", "schedule_overdue", "worker_died",
)  # fmt: skip


def upgrade() -> None:
    _allow_alerts(*ALERTS, "event_loop")


def downgrade() -> None:
    op.execute("DELETE FROM alerts WHERE kind = 'event_loop'")
    _allow_alerts(*ALERTS)


def _allow_alerts(*kinds: str) -> None:
    name = op.f("alerts_kind_check")
    op.execute(
        f"ALTER TABLE alerts DROP CONSTRAINT {name},"
        f" ADD CONSTRAINT {name} CHECK (kind IN {tuple(sorted(kinds))}) NOT VALID"
    )
    op.execute(f"ALTER TABLE alerts VALIDATE CONSTRAINT {name}")

"""Schedules: their next run, the run under way, and the last one that ended. Alerts about those that do not run."""

import sqlalchemy as sa
from alembic import op

from migrations import alert_kinds

revision = "20261129_schedules"
down_revision = "20261129_plain_names"
branch_labels = None
depends_on = None

ALERTS = (
    "incident_opened", "long_running_transaction", "nothing_consumed", "outbox_ages", "outbox_overdue", "queue_ages",
    "queue_stalled", "snapshot_ages", "worker_died",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "schedules",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timing", sa.Text(), nullable=False),
        sa.Column("overdue_after", sa.Interval(), nullable=False),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("run_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_duration", sa.Interval(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("outcome IN ('succeeded', 'failed')", name=op.f("schedules_outcome_check")),
        sa.PrimaryKeyConstraint("name", name=op.f("schedules_pkey")),
    )
    op.execute("ALTER TABLE schedules ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY operator ON schedules TO orderx_operator USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON schedules TO orderx_operator")
    op.execute("CREATE POLICY metrics ON schedules FOR SELECT TO orderx_definer USING (true)")
    op.execute("GRANT SELECT (name, next_run_at, run_due_at, failures) ON schedules TO orderx_definer")
    alert_kinds.allow(*ALERTS, "schedule_failing", "schedule_overdue")


def downgrade() -> None:
    alert_kinds.allow(*ALERTS)
    op.drop_table("schedules")

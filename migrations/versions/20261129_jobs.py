"""Jobs: long work in slices, with its position."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import alert_kinds

revision = "20261129_jobs"
down_revision = "20261129_kept_events"
branch_labels = None
depends_on = None

COMPANY = "company_id = nullif(current_setting('orderx.company_id', true), '')::uuid"
ALERTS = (
    "incident_opened", "long_running_transaction", "nothing_consumed", "outbox_overdue", "queue_stalled",
    "saga_version_unknown", "schedule_failing", "schedule_overdue", "worker_died",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("arguments", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("position", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("slice", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("items", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'running'"), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('running', 'succeeded', 'failed', 'cancelled')", name=op.f("jobs_state_check")),
        sa.CheckConstraint("(ended_at IS NULL) = (state = 'running')", name=op.f("jobs_ended_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("jobs_pkey")),
    )
    running = sa.text("state = 'running'")
    op.create_index("jobs_lease_until_idx", "jobs", ["lease_until"], unique=False, postgresql_where=running)
    failed = sa.text("state = 'failed'")
    op.create_index("jobs_failed_idx", "jobs", ["id"], unique=False, postgresql_where=failed)
    op.create_index("jobs_ended_at_idx", "jobs", ["ended_at"], unique=False)
    op.create_index(
        "jobs_key_idx",
        "jobs",
        ["company_id", "name", "key"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("state = 'running' AND key IS NOT NULL"),
    )
    op.execute("ALTER TABLE jobs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY company ON jobs TO orderx_app USING ({COMPANY}) WITH CHECK ({COMPANY})")
    op.execute("CREATE POLICY operator ON jobs TO orderx_operator USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT, INSERT, UPDATE ON jobs TO orderx_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON jobs TO orderx_operator")
    alert_kinds.allow(*ALERTS, "job_failed")


def downgrade() -> None:
    alert_kinds.allow(*ALERTS)
    op.drop_table("jobs")

"""Alerts, which the operator role opens, delivers and closes; and counts across companies for /metrics."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_OPEN = sa.text("closed_at IS NULL")
_UNTOLD = sa.text("told_at IS NULL OR (closed_at IS NOT NULL AND closing_told_at IS NULL)")

# Only counts, no rows: so the app role may call it, though it sees one company at a time and not the outbox at all.
# It runs as the schema's owner, who is subject to row-level security unless a superuser: hence the policies.
COUNTED = ("sagas", "incidents", "outbox", "alerts")
VITAL_SIGNS = """
    CREATE FUNCTION vital_signs() RETURNS TABLE (sign text, label text, value double precision)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
        SELECT 'sagas', state, count(*)::float FROM sagas
            WHERE state IN ('running', 'compensating', 'finishing') GROUP BY state
        UNION ALL SELECT 'sagas', state, count(*)::float FROM sagas WHERE state = 'stuck' GROUP BY state
        UNION ALL SELECT 'open_incidents', step, count(*)::float FROM incidents WHERE resolved_at IS NULL GROUP BY step
        UNION ALL SELECT 'open_alerts', kind, count(*)::float FROM alerts WHERE closed_at IS NULL GROUP BY kind
        UNION ALL SELECT 'outbox', '', coalesce(extract(epoch FROM now() - min(available_at)), 0)::float
            FROM outbox WHERE available_at <= now()
    $$"""


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closing_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tell_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('incident_opened', 'outbox_ages', 'queue_ages', 'worker_died')", name=op.f("alerts_kind_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("alerts_pkey")),
    )
    op.create_index("alerts_open_idx", "alerts", ["kind", "key"], unique=True, postgresql_where=_OPEN)
    op.create_index("alerts_untold_idx", "alerts", ["tell_at"], unique=False, postgresql_where=_UNTOLD)
    op.execute("ALTER TABLE alerts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY operator ON alerts TO orderx_operator USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON alerts TO orderx_operator")
    for table in COUNTED:
        op.execute(f"CREATE POLICY counted ON {table} FOR SELECT TO CURRENT_USER USING (true)")
    op.execute(VITAL_SIGNS)
    op.execute("REVOKE EXECUTE ON FUNCTION vital_signs() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION vital_signs() TO orderx_app, orderx_operator")


def downgrade() -> None:
    op.execute("DROP FUNCTION vital_signs()")
    for table in COUNTED:
        op.execute(f"DROP POLICY counted ON {table}")
    op.drop_index("alerts_untold_idx", table_name="alerts", postgresql_where=_UNTOLD)
    op.drop_index("alerts_open_idx", table_name="alerts", postgresql_where=_OPEN)
    op.drop_table("alerts")

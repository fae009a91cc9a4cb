"""Requests of super admins to companies: append-only for everybody but PostgreSQL's administrators."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLE = "super_admin_requests"
OWN = "user_id = nullif(current_setting('orderx.user_id', true), '')::uuid"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("acted_for", sa.Uuid(), nullable=True),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["acted_for"], ["companies.id"], name=op.f("super_admin_requests_acted_for_fkey")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("super_admin_requests_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("super_admin_requests_pkey")),
    )
    op.create_index(op.f("super_admin_requests_acted_for_id_idx"), TABLE, ["acted_for", "id"], unique=False)
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY operator ON {TABLE} FOR SELECT TO orderx_operator USING (true)")
    op.execute(f"GRANT SELECT ON {TABLE} TO orderx_operator")
    op.execute(f"CREATE POLICY own ON {TABLE} TO orderx_app USING ({OWN}) WITH CHECK ({OWN})")
    op.execute(f"GRANT SELECT, INSERT ON {TABLE} TO orderx_app")


def downgrade() -> None:
    op.drop_table(TABLE)

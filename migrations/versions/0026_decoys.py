"""Decoy rows, written in place of a link and a mail for addresses without an account."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decoys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("context", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("decoys_pkey")),
    )
    op.create_index(op.f("decoys_created_at_idx"), "decoys", ["created_at"], unique=False)
    op.execute("ALTER TABLE decoys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    asked = "nullif(current_setting('orderx.email', true), '') IS NOT NULL"
    op.execute(f"CREATE POLICY asked ON decoys FOR INSERT TO orderx_app WITH CHECK ({asked})")
    op.execute("GRANT INSERT ON decoys TO orderx_app")
    op.execute("CREATE POLICY operator ON decoys TO orderx_operator USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT, DELETE ON decoys TO orderx_operator")


def downgrade() -> None:
    op.drop_table("decoys")

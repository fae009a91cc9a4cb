"""The row that a saga changes, if it is not its subject; and sagas that wait for the open one about the same row."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261129_saga_targets"
down_revision = "20261129_jobs"
branch_labels = None
depends_on = None

COMPANY = "company_id = nullif(current_setting('orderx.company_id', true), '')::uuid"


def upgrade() -> None:
    # Also after an interrupted run: building the index concurrently commits the column, and may leave an invalid index.
    op.add_column("sagas", sa.Column("target_id", sa.Uuid(), nullable=True), if_not_exists=True)
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS sagas_target_idx")
        op.create_index(
            "sagas_target_idx",
            "sagas",
            ["target_id"],
            postgresql_where=sa.text("ended_at IS NULL AND target_id IS NOT NULL"),
            postgresql_concurrently=True,
        )
    op.create_table(
        "queued_sagas",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("after_saga_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("queued_sagas_pkey")),
        sa.UniqueConstraint("subject_id", "name", name=op.f("queued_sagas_subject_id_name_key")),
    )
    op.create_index(op.f("queued_sagas_after_saga_id_idx"), "queued_sagas", ["after_saga_id"])
    op.execute("ALTER TABLE queued_sagas ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY company ON queued_sagas TO orderx_app USING ({COMPANY}) WITH CHECK ({COMPANY})")
    op.execute("CREATE POLICY operator ON queued_sagas TO orderx_operator USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT, INSERT, DELETE ON queued_sagas TO orderx_app")
    op.execute("GRANT SELECT, INSERT, DELETE ON queued_sagas TO orderx_operator")


def downgrade() -> None:
    op.drop_table("queued_sagas")
    op.drop_index("sagas_target_idx", table_name="sagas")
    op.drop_column("sagas", "target_id")

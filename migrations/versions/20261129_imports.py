"""Imports of files: their parts, and the rows that were read from them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.tenant_tables import tenant_table

revision = "20261129_imports"
down_revision = "20261129_order_details"
branch_labels = None
depends_on = None

POLICIES = "('all_or_nothing', 'good_rows')"
STATES = "('uploading', 'running', 'succeeded', 'refused')"


def upgrade() -> None:
    tenant_table(
        "imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("format", postgresql.JSONB(), nullable=False),
        sa.Column("columns", postgresql.JSONB(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'uploading'"), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("parts", sa.Integer(), nullable=True),
        sa.Column("header", postgresql.ARRAY(sa.Text()), nullable=True),
        *(
            sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False)
            for name in ("rows", "created", "updated", "unchanged", "failed")
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"policy IN {POLICIES}", name=op.f("imports_policy_check")),
        sa.CheckConstraint(f"state IN {STATES}", name=op.f("imports_state_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("imports_pkey")),
        app="SELECT, INSERT, UPDATE",
        operator="SELECT, DELETE",
        indexes=[["created_at"], ["company_id", "id"]],
    )
    tenant_table(
        "import_parts",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "part", name=op.f("import_parts_pkey")),
        app="SELECT, INSERT, UPDATE, DELETE",
        operator="SELECT, DELETE",
    )
    tenant_table(
        "import_rows",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("cells", postgresql.JSONB(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("import_id", "line", name=op.f("import_rows_pkey")),
        app="SELECT, INSERT, DELETE",
        operator="SELECT, DELETE",
        indexes=[["import_id", "key"]],
    )


def downgrade() -> None:
    for table in ("import_rows", "import_parts", "imports"):
        op.drop_table(table)

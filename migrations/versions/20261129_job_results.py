"""The results of companies' jobs."""

import sqlalchemy as sa
from alembic import op

from migrations.tenant_tables import tenant_table

revision = "20261129_job_results"
down_revision = "20261129_operator_privileges"
branch_labels = None
depends_on = None


def upgrade() -> None:
    tenant_table(
        "job_results",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "part", name=op.f("job_results_pkey")),
        app="SELECT, INSERT",
        operator="SELECT, DELETE",
    )


def downgrade() -> None:
    op.drop_table("job_results")

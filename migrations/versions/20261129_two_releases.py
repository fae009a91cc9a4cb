"""What workers of two releases leave to each other: tasks put back into the outbox, and queued sagas not started."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261129_two_releases"
down_revision = "20261129_erase_by_area"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sagas", sa.Column("returned_tasks", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("queued_sagas", sa.Column("overdue_since", sa.DateTime(timezone=True), nullable=True))
    op.execute("GRANT UPDATE ON queued_sagas TO orderx_app")


def downgrade() -> None:
    op.execute("REVOKE UPDATE ON queued_sagas FROM orderx_app")
    op.drop_column("queued_sagas", "overdue_since")
    op.drop_column("sagas", "returned_tasks")

"""Where a saga comes from, for the events that its steps publish."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261129_saga_origins"
down_revision = "20261129_card_fingerprints"
branch_labels = None
depends_on = None

_DROP = "DROP FUNCTION lock_sagas(uuid[], uuid)"  # its result gets other columns; it is created again at the end


def upgrade() -> None:
    op.add_column("sagas", sa.Column("context", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("queued_sagas", sa.Column("traceparent", sa.Text(), nullable=True))
    op.add_column("queued_sagas", sa.Column("context", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.execute(_DROP)


def downgrade() -> None:
    op.execute(_DROP)
    op.drop_column("queued_sagas", "context")
    op.drop_column("queued_sagas", "traceparent")
    op.drop_column("sagas", "context")

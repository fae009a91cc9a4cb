"""Times of the uses that count against a quota, such as invitations within an hour."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    times = postgresql.ARRAY(sa.DateTime(timezone=True))
    op.add_column("attempts", sa.Column("times", times, server_default=sa.text("'{}'"), nullable=False))


def downgrade() -> None:
    op.drop_column("attempts", "times")

"""Users' notification settings, by channel and kind; erasing a user restores the default."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

DEFAULT = """'{"email": {"order_updates": true, "news": false}}'"""


def upgrade() -> None:
    op.add_column(
        "users",
        sa.Column(
            "notifications", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text(DEFAULT), nullable=False
        ),
    )


def downgrade() -> None:
    op.drop_column("users", "notifications")

"""The number of a payment's events, which orders them."""

import sqlalchemy as sa
from alembic import op

revision = "20261129_payment_versions"
down_revision = "20261129_customers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payments", sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False))


def downgrade() -> None:
    op.drop_column("payments", "version")

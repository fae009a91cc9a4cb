"""The largest discount that a company's members may give on an order."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "companies", sa.Column("max_discount_percent", sa.Integer(), server_default=sa.text("20"), nullable=False)
    )
    op.create_check_constraint(
        op.f("companies_max_discount_check"), "companies", "max_discount_percent BETWEEN 0 AND 100"
    )


def downgrade() -> None:
    op.drop_column("companies", "max_discount_percent")

"""What a variant contains, for the price of a kilogram, a litre or another unit."""

import sqlalchemy as sa
from alembic import op

from migrations import online

revision = "20261129_unit_prices"
down_revision = "20261129_categories"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("variants", sa.Column("content_amount", sa.Integer(), nullable=True), if_not_exists=True)
    op.add_column("variants", sa.Column("content_unit", sa.Text(), nullable=True), if_not_exists=True)
    online.add_constraint(
        "variants_content_check",
        "variants",
        "CHECK ((content_amount IS NULL) = (content_unit IS NULL) AND content_amount >= 1)",
    )


def downgrade() -> None:
    op.drop_constraint("variants_content_check", "variants")
    op.drop_column("variants", "content_unit")
    op.drop_column("variants", "content_amount")

"""The address of a shop for the world, and what it shows of its stock."""

import sqlalchemy as sa
from alembic import op

from migrations import online

revision = "20261129_public_shops"
down_revision = "20261129_price_lists"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shops", sa.Column("slug", sa.Text(), nullable=True), if_not_exists=True)
    op.add_column(
        "shops",
        sa.Column("stock_display", sa.Text(), server_default=sa.text("'in_stock'"), nullable=False),
        if_not_exists=True,
    )
    online.add_constraint(
        "shops_stock_display_check", "shops", "CHECK (stock_display IN ('exact', 'few_left', 'in_stock'))"
    )
    online.create_index("shops_slug_idx", "shops", "slug", unique=True)


def downgrade() -> None:
    online.drop_index("shops_slug_idx")
    op.execute("DROP POLICY IF EXISTS by_slug ON shops")
    op.drop_column("shops", "stock_display")
    op.drop_column("shops", "slug")

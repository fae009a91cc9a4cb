"""Count shops and products for plan limits where they are created, instead of counting their rows.

An API process of the previous release would not count. It is stopped before: see 20261129_plain_names.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261129_usage_counts"
down_revision = "20261129_two_releases"
branch_labels = None
depends_on = None

COMPANY = "company_id = nullif(current_setting('orderx.company_id', true), '')::uuid"
COUNTED_ALREADY = ("shops", "products")
FILL = """
    INSERT INTO usage_counts (company_id, shop_id, resource, count)
    SELECT company_id, id, 'shops', 1 FROM shops WHERE closed_at IS NULL
    UNION ALL SELECT p.company_id, p.shop_id, 'products', count(*)
    FROM products p JOIN shops s ON s.id = p.shop_id WHERE s.closed_at IS NULL GROUP BY p.company_id, p.shop_id"""


def upgrade() -> None:
    op.create_table(
        "usage_counts",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("usage_counts_count_check")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("usage_counts_company_id_fkey")),
        sa.PrimaryKeyConstraint("company_id", "shop_id", "resource", name=op.f("usage_counts_pkey")),
    )
    for table in COUNTED_ALREADY:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")  # it binds the owner, too
    op.execute(FILL)
    for table in COUNTED_ALREADY:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE usage_counts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY company ON usage_counts TO orderx_app USING ({COMPANY}) WITH CHECK ({COMPANY})")
    op.execute("CREATE POLICY operator ON usage_counts TO orderx_operator USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON usage_counts TO orderx_app")
    op.execute("GRANT SELECT ON usage_counts TO orderx_operator")


def downgrade() -> None:
    op.drop_table("usage_counts")

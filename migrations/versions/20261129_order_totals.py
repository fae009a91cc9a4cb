"""The totals of an order by kind: discounts, shipping, fees and tax beside the items, which are the subtotal.

Processes of the previous release write the subtotal and the total only: a trigger sets the discounts then. It goes with
the next release.
"""

import sqlalchemy as sa
from alembic import op

from migrations import functions, online

revision = "20261129_order_totals"
down_revision = "20261129_first_variants"
branch_labels = None
depends_on = None

AMOUNTS = ("discounts", "shipping", "fees", "tax")
WITHOUT_DISCOUNTS = "NEW.discounts = 0 AND NEW.total < NEW.subtotal"
SUM = """total >= 0 AND total = subtotal - discounts + shipping + fees + CASE WHEN tax_included THEN 0 ELSE tax END"""
SIGNS = "least(subtotal, shipping, fees, tax) >= 0 AND discounts BETWEEN 0 AND subtotal + shipping"

FILL = """
    DO $$
    DECLARE
        done uuid := '00000000-0000-0000-0000-000000000000';
        batch uuid[];
    BEGIN
        LOOP
            batch := ARRAY(SELECT id FROM orders WHERE id > done AND total < subtotal ORDER BY id LIMIT 1000);
            EXIT WHEN cardinality(batch) = 0;
            UPDATE orders SET discounts = subtotal - total WHERE id = ANY(batch) AND discounts = 0;
            done := batch[cardinality(batch)];
            COMMIT;
        END LOOP;
    END $$"""


def upgrade() -> None:
    for column in AMOUNTS:
        amount = sa.Column(column, sa.BigInteger(), server_default=sa.text("0"), nullable=False)
        op.add_column("orders", amount, if_not_exists=True)
    op.add_column(
        "orders", sa.Column("tax_included", sa.Boolean(), server_default=sa.true(), nullable=False), if_not_exists=True
    )
    op.execute(functions.FILES["set_order_discounts"].read_text())
    op.execute(f"""
        CREATE OR REPLACE TRIGGER set_order_discounts BEFORE INSERT ON orders
        FOR EACH ROW WHEN ({WITHOUT_DISCOUNTS}) EXECUTE FUNCTION set_order_discounts()""")
    online.fill(FILL, "orders")
    online.add_constraint(op.f("orders_amounts_check"), "orders", f"CHECK ({SIGNS})")
    online.add_constraint(op.f("orders_total_check"), "orders", f"CHECK ({SUM})")


def downgrade() -> None:
    """Orders with shipping, fees or added tax cannot be kept: the constraint refuses them."""
    op.execute("DROP TRIGGER set_order_discounts ON orders")
    op.execute("DROP FUNCTION set_order_discounts()")
    op.execute("ALTER TABLE orders DROP CONSTRAINT orders_amounts_check, DROP CONSTRAINT orders_total_check")
    for column in (*AMOUNTS, "tax_included"):
        op.drop_column("orders", column)
    op.create_check_constraint(op.f("orders_total_check"), "orders", "total BETWEEN 0 AND subtotal")

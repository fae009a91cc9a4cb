"""A number for people for each order, made of the count of the company's orders in the month.

The trigger that counts orders gives the number, too, also to orders that the previous release places.
"""

import sqlalchemy as sa
from alembic import op

from migrations import functions, online

revision = "20261129_order_numbers"
down_revision = "20261129_several_payments"
branch_labels = None
depends_on = None

# The orders of a month get the numbers of that month's counts that no order has yet, in the order of both.
FILL = """
    DO $$
    DECLARE
        the_company uuid;
        the_month date;
    BEGIN
        FOR the_company, the_month IN SELECT DISTINCT company_id, month FROM order_counts LOOP
            WITH unnumbered AS (
                SELECT id, row_number() OVER (ORDER BY id) AS place FROM orders
                WHERE company_id = the_company AND number IS NULL
                    AND placed_at >= the_month::timestamp AT TIME ZONE 'UTC'
                    AND placed_at < (the_month + interval '1 month')::timestamp AT TIME ZONE 'UTC'
            ), free AS (
                SELECT counts.number, row_number() OVER (ORDER BY counted, shard) AS place FROM (
                    SELECT shard, counted, format_order_number(the_month, counted, shard) AS number
                    FROM order_counts, generate_series(1, count) AS counted
                    WHERE company_id = the_company AND month = the_month
                ) counts
                WHERE NOT EXISTS (SELECT FROM orders o WHERE o.company_id = the_company AND o.number = counts.number)
            )
            UPDATE orders SET number = free.number FROM unnumbered JOIN free USING (place)
            WHERE orders.id = unnumbered.id;
            COMMIT;
        END LOOP;
    END $$"""
COUNT_ORDER = """
    CREATE FUNCTION count_order() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO order_counts (company_id, month, shard, count)
        VALUES (
            NEW.company_id, date_trunc('month', NEW.placed_at AT TIME ZONE 'UTC')::date, pg_backend_pid() % 32, 1)
        ON CONFLICT (company_id, month, shard) DO UPDATE SET count = order_counts.count + 1;
        RETURN NULL;
    END $$"""


def upgrade() -> None:
    op.add_column("orders", sa.Column("number", sa.Text(), nullable=True), if_not_exists=True)
    for name in ("format_order_number", "number_order"):
        op.execute(functions.FILES[name].read_text())
    # Both at once: an order is counted once. The lock waits for the transactions that have placed orders.
    op.execute("DROP TRIGGER IF EXISTS count_order ON orders")
    op.execute("""
        CREATE OR REPLACE TRIGGER number_order BEFORE INSERT ON orders
        FOR EACH ROW EXECUTE FUNCTION number_order()""")
    op.execute("DROP FUNCTION IF EXISTS count_order()")
    online.create_index("orders_company_id_number_key", "orders", "company_id, number", unique=True)
    online.fill(FILL, "orders", "order_counts")
    online.add_constraint("orders_number_not_null", "orders", "CHECK (number IS NOT NULL)")
    op.alter_column("orders", "number", nullable=False)  # the validated constraint saves reading the rows
    op.execute("ALTER TABLE orders DROP CONSTRAINT orders_number_not_null")


def downgrade() -> None:
    op.execute("DROP TRIGGER number_order ON orders")
    op.execute("DROP FUNCTION number_order()")
    op.execute("DROP FUNCTION format_order_number(date, integer, smallint)")
    op.execute(COUNT_ORDER)
    op.execute("""
        CREATE CONSTRAINT TRIGGER count_order AFTER INSERT ON orders
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_order()""")
    op.execute("ALTER TABLE orders RENAME CONSTRAINT count_order TO orders_count_order")
    op.drop_column("orders", "number")

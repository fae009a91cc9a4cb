"""The three states of an order: its own, that of its payments, and that of its goods; and what was paid and refunded.

Processes of the previous release write the status alone: a trigger sets the states then. It goes with the next release.
"""

import sqlalchemy as sa
from alembic import op

from migrations import functions, online

revision = "20261129_order_states"
down_revision = "20261129_order_customers"
branch_labels = None
depends_on = None

STATES = {
    "state": ("pending", "placed", "closed", "failed", "cancelled"),
    "payment_state": (
        "none", "awaiting_customer", "pending", "partly_authorised", "authorised", "partly_paid", "paid",
        "partly_refunded", "refunded",
    ),
    "fulfilment_state": ("none", "in_progress", "partly_shipped", "shipped", "delivered", "partly_returned", "returned"),
}  # fmt: skip
SUMS = ("paid", "refunded")
SAME_STATES = """
    NEW.state = OLD.state AND NEW.payment_state = OLD.payment_state AND NEW.fulfilment_state = OLD.fulfilment_state"""
ONLY_THE_STATUS = f"NEW.status IS DISTINCT FROM OLD.status AND {SAME_STATES}"

FILL = """
    DO $$
    DECLARE
        done uuid := '00000000-0000-0000-0000-000000000000';
        batch uuid[];
    BEGIN
        LOOP
            batch := ARRAY(SELECT id FROM orders WHERE id > done ORDER BY id LIMIT 1000);
            EXIT WHEN cardinality(batch) = 0;
            UPDATE orders o SET
                state = CASE o.status
                    WHEN 'failed' THEN 'failed' WHEN 'cancelled' THEN 'cancelled' WHEN 'completed' THEN 'closed'
                    ELSE 'placed' END,
                payment_state = CASE
                    WHEN p.status = 'refunded' THEN 'refunded'
                    WHEN o.status IN ('failed', 'cancelled') OR o.total = 0 THEN 'none'
                    ELSE 'paid' END,
                fulfilment_state = CASE o.status
                    WHEN 'fulfilling' THEN 'in_progress' WHEN 'shipped' THEN 'shipped' WHEN 'delivered' THEN 'delivered'
                    WHEN 'completed' THEN 'delivered' WHEN 'returned' THEN 'returned'
                    WHEN 'partially_returned' THEN 'partly_returned' ELSE 'none' END,
                paid = CASE WHEN o.status IN ('failed', 'cancelled') AND p.status <> 'refunded' THEN 0 ELSE o.total END,
                refunded = CASE WHEN p.status = 'refunded' THEN o.total ELSE 0 END
            FROM payments p
            WHERE o.id = ANY(batch) AND p.order_id = o.id AND o.state = 'pending' AND o.status <> 'pending';
            done := batch[cardinality(batch)];
            COMMIT;
        END LOOP;
    END $$"""


def upgrade() -> None:
    for column, values in STATES.items():
        default = sa.text(f"'{values[0]}'")
        op.add_column(
            "orders", sa.Column(column, sa.Text(), server_default=default, nullable=False), if_not_exists=True
        )
    op.add_column(
        "orders", sa.Column("disputed", sa.Boolean(), server_default=sa.false(), nullable=False), if_not_exists=True
    )
    for column in SUMS:
        amount = sa.Column(column, sa.BigInteger(), server_default=sa.text("0"), nullable=False)
        op.add_column("orders", amount, if_not_exists=True)
    op.execute(functions.FILES["set_order_states"].read_text())
    op.execute(f"""
        CREATE OR REPLACE TRIGGER set_order_states BEFORE UPDATE OF status ON orders
        FOR EACH ROW WHEN ({ONLY_THE_STATUS}) EXECUTE FUNCTION set_order_states()""")
    for column, values in STATES.items():
        online.add_constraint(op.f(f"orders_{column}_check"), "orders", f"CHECK ({column} IN {values})")
    online.add_constraint(op.f("orders_refunded_check"), "orders", "CHECK (refunded BETWEEN 0 AND paid)")
    online.fill(FILL, "orders", "payments")


def downgrade() -> None:
    op.execute("DROP TRIGGER set_order_states ON orders")
    op.execute("DROP FUNCTION set_order_states()")
    for column in (*STATES, "disputed", *SUMS):
        op.drop_column("orders", column)

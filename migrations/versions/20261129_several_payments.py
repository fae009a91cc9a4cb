"""An order may have several payments, and a payment several refunds and disputes.

Processes of the previous release go on: they make one payment for each order, and record whole refunds.
"""

from alembic import op

from migrations import online

revision = "20261129_several_payments"
down_revision = "20261129_imports"
branch_labels = None
depends_on = None

TYPES = "type IN ('authorised', 'captured', 'voided', 'refunded', 'failed'"


def upgrade() -> None:
    online.create_index("payments_order_id_idx", "payments", "order_id")
    op.execute("ALTER TABLE payments DROP CONSTRAINT IF EXISTS payments_order_id_key")
    online.add_constraint(
        "payment_events_type_check", "payment_events", f"CHECK ({TYPES}, 'refund_failed', 'disputed', 'dispute_won'))"
    )


def downgrade() -> None:
    """Orders with several payments cannot be kept: the unique index refuses them."""
    online.add_constraint("payment_events_type_check", "payment_events", f"CHECK ({TYPES}))")
    online.create_index("payments_order_id_key", "payments", "order_id", unique=True)
    op.execute("ALTER TABLE payments ADD CONSTRAINT payments_order_id_key UNIQUE USING INDEX payments_order_id_key")
    online.drop_index("payments_order_id_idx")

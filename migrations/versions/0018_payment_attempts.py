"""Payment attempts by customer, card and network, for counting declines; and no stock figures for buyers."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

COMPANY = "company_id = nullif(current_setting('orderx.company_id', true), '')::uuid"
CUSTOMER = "customer_id = nullif(current_setting('orderx.user_id', true), '')::uuid"
DECLINED = sa.text("declined_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "payment_attempts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.Text(), nullable=True),
        sa.Column("card", sa.Text(), nullable=True),
        sa.Column("network", sa.LargeBinary(), nullable=True),
        sa.Column("declined_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("payment_attempts_pkey")),
    )
    for whose, columns in (
        ("customer", ["customer_id"]),
        ("card", ["company_id", "card"]),
        ("method", ["company_id", "method"]),
        ("network", ["company_id", "network"]),
    ):
        op.create_index(
            f"payment_attempts_declined_{whose}_idx", "payment_attempts", [*columns, "declined_at"],
            postgresql_where=DECLINED,
        )  # fmt: skip
    op.execute("ALTER TABLE payment_attempts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY operator ON payment_attempts TO orderx_operator USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT, DELETE ON payment_attempts TO orderx_operator")
    op.execute(f"CREATE POLICY company ON payment_attempts TO orderx_app USING ({COMPANY}) WITH CHECK ({COMPANY})")
    op.execute(f"CREATE POLICY own ON payment_attempts FOR SELECT TO orderx_app USING ({CUSTOMER})")
    op.execute("GRANT SELECT, INSERT, UPDATE (card, declined_at) ON payment_attempts TO orderx_app")
    _forget_stock_figures()


def _forget_stock_figures() -> None:
    """Orders that failed for want of stock said how many units were left."""
    op.execute("ALTER TABLE orders NO FORCE ROW LEVEL SECURITY")
    op.execute("""
        UPDATE orders SET failure = failure || '{"detail": null}' WHERE failure->>'code' = 'out_of_stock'""")
    op.execute("ALTER TABLE orders FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.drop_table("payment_attempts")

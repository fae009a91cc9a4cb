"""Refunds, their parts by payment and their lines, and the limit above which two people take part in one."""

import sqlalchemy as sa
from alembic import op

from migrations import online
from migrations.tenant_tables import tenant_table

revision = "20261129_refunds"
down_revision = "20261129_unit_prices"
branch_labels = None
depends_on = None

REASONS = "'cancelled', 'returned', 'damaged', 'not_received', 'wrong_item', 'price_adjustment', 'goodwill', 'other'"
STATUSES = "'granted', 'executing', 'executed', 'failed', 'withdrawn'"


def upgrade() -> None:
    op.execute("ALTER TABLE companies ADD COLUMN IF NOT EXISTS refund_limit bigint")
    online.add_constraint("companies_refund_limit_check", "companies", "CHECK (refund_limit >= 0)")
    tenant_table(
        "refunds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'granted'"), nullable=False),
        sa.Column("granted_by", sa.Uuid(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("executed_by", sa.Uuid(), nullable=True),
        sa.Column("executed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("refunds_pkey")),
        sa.UniqueConstraint("company_id", "id", name=op.f("refunds_company_id_id_key")),
        sa.ForeignKeyConstraint(
            ["company_id", "order_id"], ["orders.company_id", "orders.id"],
            name=op.f("refunds_company_id_order_id_fkey"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("refunds_amount_check")),
        sa.CheckConstraint(f"reason IN ({REASONS})", name=op.f("refunds_reason_check")),
        sa.CheckConstraint(f"status IN ({STATUSES})", name=op.f("refunds_status_check")),
        app="SELECT, INSERT, UPDATE",
        operator="SELECT",
        indexes=[["order_id"]],
    )  # fmt: skip
    tenant_table(
        "refund_parts",
        sa.Column("refund_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'planned'"), nullable=False),
        sa.Column("provider_ref", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("refund_id", "payment_id", name=op.f("refund_parts_pkey")),
        sa.ForeignKeyConstraint(
            ["company_id", "refund_id"], ["refunds.company_id", "refunds.id"],
            name=op.f("refund_parts_company_id_refund_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "payment_id"], ["payments.company_id", "payments.id"],
            name=op.f("refund_parts_company_id_payment_id_fkey"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("refund_parts_amount_check")),
        sa.CheckConstraint(
            "status IN ('planned', 'refunded', 'failed', 'withdrawn')", name=op.f("refund_parts_status_check")
        ),
        app="SELECT, INSERT, UPDATE",
        operator="SELECT",
        indexes=[["payment_id"]],
    )  # fmt: skip
    tenant_table(
        "refund_lines",
        sa.Column("refund_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("refund_id", "line_id", name=op.f("refund_lines_pkey")),
        sa.ForeignKeyConstraint(
            ["company_id", "refund_id"], ["refunds.company_id", "refunds.id"],
            name=op.f("refund_lines_company_id_refund_id_fkey"),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("refund_lines_quantity_check")),
        app="SELECT, INSERT",
        operator="SELECT",
    )  # fmt: skip


def downgrade() -> None:
    for table in ("refund_lines", "refund_parts", "refunds"):
        op.drop_table(table)
    op.drop_column("companies", "refund_limit")

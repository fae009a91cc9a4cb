"""Billing address, phone, note and channel of an order, and an id for each of its lines."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import online

revision = "20261129_order_details"
down_revision = "20261129_order_totals"
branch_labels = None
depends_on = None

CHANNELS = ("shop", "pos", "staff", "api")
TEXTS = ("phone", "note")

FILL = """
    DO $$
    DECLARE
        done uuid := '00000000-0000-0000-0000-000000000000';
        batch uuid[];
    BEGIN
        LOOP
            batch := ARRAY(
                SELECT order_id FROM order_lines WHERE order_id > done AND id IS NULL ORDER BY order_id LIMIT 1000);
            EXIT WHEN cardinality(batch) = 0;
            UPDATE order_lines SET id = gen_random_uuid() WHERE order_id = ANY(batch) AND id IS NULL;
            done := batch[cardinality(batch)];
            COMMIT;
        END LOOP;
    END $$"""


def upgrade() -> None:
    op.add_column("orders", sa.Column("billing_address", postgresql.JSONB(), nullable=True), if_not_exists=True)
    for column in TEXTS:
        op.add_column("orders", sa.Column(column, sa.Text(), nullable=True), if_not_exists=True)
    op.add_column(
        "orders",
        sa.Column("channel", sa.Text(), server_default=sa.text("'shop'"), nullable=False),
        if_not_exists=True,
    )
    op.execute("GRANT SELECT (billing_address), UPDATE (billing_address, phone, note) ON orders TO orderx_definer")
    op.add_column("order_lines", sa.Column("id", sa.Uuid(), nullable=True), if_not_exists=True)
    # The default is for lines of the previous release. With the column it would rewrite the table.
    op.alter_column("order_lines", "id", server_default=sa.text("gen_random_uuid()"))
    online.fill(FILL, "order_lines")
    online.add_constraint(op.f("orders_channel_check"), "orders", f"CHECK (channel IN {CHANNELS})")
    online.add_constraint("order_lines_id_not_null", "order_lines", "CHECK (id IS NOT NULL)")
    op.alter_column("order_lines", "id", nullable=False)  # the validated constraint saves reading the rows
    op.execute("ALTER TABLE order_lines DROP CONSTRAINT order_lines_id_not_null")


def downgrade() -> None:
    op.drop_column("order_lines", "id")
    for column in ("billing_address", *TEXTS, "channel"):
        op.drop_column("orders", column)

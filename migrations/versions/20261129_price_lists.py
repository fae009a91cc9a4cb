"""Price lists, their prices with all earlier ones, and the history of the base prices of variants."""

import sqlalchemy as sa
from alembic import op

from migrations import functions, online
from migrations.tenant_tables import tenant_table

revision = "20261129_price_lists"
down_revision = "20261129_product_details"
branch_labels = None
depends_on = None

TRIGGERS = {
    "record_first_base_price": "AFTER INSERT ON variants FOR EACH ROW",
    "record_base_price": "AFTER UPDATE OF price ON variants FOR EACH ROW WHEN (NEW.price <> OLD.price)",
}
# Prices from before this migration are not known, so the history begins now.
FILL = """
    DO $$
    DECLARE
        done uuid := '00000000-0000-0000-0000-000000000000';
        batch uuid[];
    BEGIN
        LOOP
            batch := ARRAY(SELECT id FROM variants WHERE id > done ORDER BY id LIMIT 5000);
            EXIT WHEN cardinality(batch) = 0;
            INSERT INTO base_prices (variant_id, changed_at, company_id, price)
            SELECT id, clock_timestamp(), company_id, price FROM variants v
            WHERE id = ANY(batch) AND NOT EXISTS (SELECT FROM base_prices b WHERE b.variant_id = v.id);
            done := batch[cardinality(batch)];
            COMMIT;
        END LOOP;
    END $$"""


def upgrade() -> None:
    tenant_table(
        "price_lists",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=True),
        sa.Column("group_id", sa.Uuid(), nullable=True),
        sa.Column("priority", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("is_sale", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("ends_at >= starts_at", name=op.f("price_lists_period_check")),
        _within_company("price_lists", "shop_id", "shops"),
        _within_company("price_lists", "group_id", "customer_groups", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("price_lists_pkey")),
        sa.UniqueConstraint("company_id", "id", name=op.f("price_lists_company_id_id_key")),
        app="SELECT, INSERT, UPDATE",
        operator="SELECT",
        indexes=[["group_id"]],
    )
    tenant_table(
        "list_prices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("price_list_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("min_quantity", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("price >= 0", name=op.f("list_prices_price_check")),
        sa.CheckConstraint("min_quantity >= 1", name=op.f("list_prices_min_quantity_check")),
        sa.CheckConstraint("valid_until >= valid_from", name=op.f("list_prices_validity_check")),
        _within_company("list_prices", "price_list_id", "price_lists", ondelete="CASCADE"),
        _within_company("list_prices", "variant_id", "variants", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("list_prices_pkey")),
        app="SELECT, INSERT, UPDATE",
        operator="SELECT",
        indexes=[["variant_id"]],
    )
    op.create_index(
        "list_prices_current_idx",
        "list_prices",
        ["price_list_id", "variant_id", "min_quantity"],
        unique=True,
        postgresql_where=sa.text("valid_until IS NULL"),
    )
    tenant_table(
        "base_prices",
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        _within_company("base_prices", "variant_id", "variants", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("variant_id", "changed_at", name=op.f("base_prices_pkey")),
        app="SELECT, INSERT",
        operator="SELECT",
    )
    op.execute(functions.FILES["record_base_price"].read_text())
    for name, when in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION record_base_price()")
    online.fill(FILL, "variants", "base_prices")


def _within_company(owner: str, column: str, table: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["company_id", column],
        [f"{table}.company_id", f"{table}.id"],
        name=op.f(f"{owner}_company_id_{column}_fkey"),
        ondelete=ondelete,
    )


def downgrade() -> None:
    for name in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON variants")
    op.execute("DROP FUNCTION record_base_price()")
    for table in ("base_prices", "list_prices", "price_lists"):
        op.drop_table(table)

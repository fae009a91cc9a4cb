"""Variants of products, and the shops that sell them. A trigger makes the first variant of each product."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from kit.db.engines import psycopg_connection
from migrations import functions
from migrations.tenant_tables import tenant_table

revision = "20261129_variants"
down_revision = "20261129_order_states"
branch_labels = None
depends_on = None

TRIGGER = """
    CREATE TRIGGER copy_to_first_variant AFTER INSERT OR UPDATE OF sku, price, low_stock_threshold ON products
    FOR EACH ROW EXECUTE FUNCTION copy_to_first_variant()"""


def upgrade() -> None:
    op.add_column(
        "products",
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
    )
    tenant_table(
        "variants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("low_stock_threshold", sa.Integer(), nullable=True),
        sa.Column("gtin", sa.Text(), nullable=True),
        sa.Column("weight_grams", sa.Integer(), nullable=True),
        sa.Column("length_mm", sa.Integer(), nullable=True),
        sa.Column("width_mm", sa.Integer(), nullable=True),
        sa.Column("height_mm", sa.Integer(), nullable=True),
        sa.Column("origin_country", sa.Text(), nullable=True),
        sa.Column("hs_code", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("price >= 0", name=op.f("variants_price_check")),
        sa.CheckConstraint("low_stock_threshold >= 0", name=op.f("variants_low_stock_check")),
        _of("product_id", "products", "variants", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("variants_pkey")),
        sa.UniqueConstraint("company_id", "id", name=op.f("variants_company_id_id_key")),
        sa.UniqueConstraint("company_id", "sku", name=op.f("variants_company_id_sku_key")),
        sa.UniqueConstraint(
            "product_id", "options", name=op.f("variants_product_id_options_key"),
            deferrable=True, initially="IMMEDIATE",
        ),
        app="SELECT, INSERT, UPDATE, DELETE",
        operator="SELECT",
        indexes=[["company_id", "gtin"]],
    )  # fmt: skip
    tenant_table(
        "listings",
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        _of("shop_id", "shops", "listings"),
        _of("product_id", "products", "listings", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("shop_id", "product_id", name=op.f("listings_pkey")),
        app="SELECT, INSERT, DELETE",
        operator="SELECT",
        indexes=[["product_id"]],
    )
    if not op.get_context().as_sql:  # whose SQL is only printed
        functions.replace(psycopg_connection(op.get_bind()), "copy_to_first_variant")
    op.execute(TRIGGER)


def _of(column: str, table: str, owner: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["company_id", column],
        [f"{table}.company_id", f"{table}.id"],
        name=op.f(f"{owner}_company_id_{column}_fkey"),
        ondelete=ondelete,
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER copy_to_first_variant ON products")
    op.execute("DROP FUNCTION copy_to_first_variant()")
    op.drop_table("listings")
    op.drop_table("variants")
    op.drop_column("products", "options")

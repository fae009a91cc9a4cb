"""Details of products: status, times of sale, texts, quantities, and the slugs that they had."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import online
from migrations.tenant_tables import tenant_table

revision = "20261129_product_details"
down_revision = "20261129_order_numbers"
branch_labels = None
depends_on = None

TEXT = sa.text("''")
CHECKS = {
    "status": "status IN ('draft', 'active', 'archived')",
    "sale_times": "unpublish_at > publish_at",
    "quantities": "min_quantity >= 1 AND quantity_step >= 1 AND max_quantity >= min_quantity",
}


def upgrade() -> None:
    for column in _columns():
        op.add_column("products", column, if_not_exists=True)
    for name, condition in CHECKS.items():
        online.add_constraint(f"products_{name}_check", "products", f"CHECK ({condition})")
    online.create_index("products_company_id_external_id_idx", "products", "company_id, external_id", unique=True)
    tenant_table(
        "product_slugs",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "product_id"], ["products.company_id", "products.id"],
            name=op.f("product_slugs_company_id_product_id_fkey"), ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("company_id", "slug", name=op.f("product_slugs_pkey")),
        app="SELECT, INSERT",
        operator="SELECT",
        indexes=[["product_id"]],
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("product_slugs")
    online.drop_index("products_company_id_external_id_idx")
    for name in CHECKS:
        op.drop_constraint(f"products_{name}_check", "products")
    for column in _columns():
        op.drop_column("products", column.name)


def _columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("status", sa.Text(), server_default=sa.text("'active'"), nullable=False),
        sa.Column("publish_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unpublish_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("slug", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("brand", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("description", sa.Text(), server_default=TEXT, nullable=False),
        sa.Column("seo_title", sa.Text(), server_default=TEXT, nullable=False),
        sa.Column("seo_description", sa.Text(), server_default=TEXT, nullable=False),
        sa.Column("manufacturer", sa.Text(), server_default=TEXT, nullable=False),
        sa.Column("safety_information", sa.Text(), server_default=TEXT, nullable=False),
        sa.Column("min_quantity", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("max_quantity", sa.Integer(), nullable=True),
        sa.Column("quantity_step", sa.Integer(), server_default=sa.text("1"), nullable=False),
    )

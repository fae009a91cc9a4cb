"""Categories of products: a tree for each company, and the products in them."""

import sqlalchemy as sa
from alembic import op

from migrations.tenant_tables import tenant_table

revision = "20261129_categories"
down_revision = "20261129_public_shops"
branch_labels = None
depends_on = None


def upgrade() -> None:
    tenant_table(
        "categories",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("parent_id <> id", name=op.f("categories_parent_check")),
        _within_company("categories", "parent_id", "categories"),
        sa.PrimaryKeyConstraint("id", name=op.f("categories_pkey")),
        sa.UniqueConstraint("company_id", "id", name=op.f("categories_company_id_id_key")),
        sa.UniqueConstraint("company_id", "slug", name=op.f("categories_company_id_slug_key")),
        app="SELECT, INSERT, UPDATE, DELETE",
        operator="SELECT",
        indexes=[["parent_id"]],
    )
    tenant_table(
        "product_categories",
        sa.Column("category_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        _within_company("product_categories", "category_id", "categories"),
        _within_company("product_categories", "product_id", "products", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("category_id", "product_id", name=op.f("product_categories_pkey")),
        app="SELECT, INSERT, DELETE",
        operator="SELECT",
        indexes=[["product_id"]],
    )


def _within_company(owner: str, column: str, table: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["company_id", column],
        [f"{table}.company_id", f"{table}.id"],
        name=op.f(f"{owner}_company_id_{column}_fkey"),
        ondelete=ondelete,
    )


def downgrade() -> None:
    op.drop_table("product_categories")
    op.drop_table("categories")

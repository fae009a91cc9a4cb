"""A company's customers, their addresses, and groups of customers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261129_customers"
down_revision = "20261129_across_companies"
branch_labels = None
depends_on = None

COMPANY = "company_id = nullif(current_setting('orderx.company_id', true), '')::uuid"
USER = "nullif(current_setting('orderx.user_id', true), '')::uuid"
# A user who acts for a company sees that company's customers, but not what other companies know about the user.
OWN = f"user_id = {USER} AND nullif(current_setting('orderx.company_id', true), '') IS NULL"
TABLES = ("customers", "customer_addresses", "customer_groups", "customer_group_members")


def upgrade() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("vat_id", sa.Text(), nullable=True),
        sa.Column("tax_exempt", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("accepts_marketing", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("marketing_decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("email = lower(email)", name=op.f("customers_email_check")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("customers_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("customers_pkey")),
        sa.UniqueConstraint("company_id", "id", name=op.f("customers_company_id_id_key")),
        sa.UniqueConstraint("company_id", "user_id", name=op.f("customers_company_id_user_id_key")),
    )
    guests = sa.text("user_id IS NULL")
    op.create_index(
        "customers_guest_email_idx", "customers", ["company_id", "email"], unique=True, postgresql_where=guests
    )
    op.create_index(op.f("customers_company_id_email_idx"), "customers", ["company_id", "email"], unique=False)
    op.create_index(op.f("customers_user_id_idx"), "customers", ["user_id"], unique=False)
    op.create_table(
        "customer_addresses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("address", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        _of("customer_id", "customers", "customer_addresses"),
        sa.PrimaryKeyConstraint("id", name=op.f("customer_addresses_pkey")),
    )
    op.create_index(op.f("customer_addresses_customer_id_idx"), "customer_addresses", ["customer_id"], unique=False)
    op.create_table(
        "customer_groups",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("customer_groups_pkey")),
        sa.UniqueConstraint("company_id", "id", name=op.f("customer_groups_company_id_id_key")),
        sa.UniqueConstraint("company_id", "name", name=op.f("customer_groups_company_id_name_key")),
    )
    op.create_table(
        "customer_group_members",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        _of("group_id", "customer_groups", "customer_group_members"),
        _of("customer_id", "customers", "customer_group_members"),
        sa.PrimaryKeyConstraint("group_id", "customer_id", name=op.f("customer_group_members_pkey")),
    )
    op.create_index(
        op.f("customer_group_members_customer_id_idx"), "customer_group_members", ["customer_id"], unique=False
    )
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY company ON {table} TO orderx_app USING ({COMPANY}) WITH CHECK ({COMPANY})")
        op.execute(f"CREATE POLICY operator ON {table} TO orderx_operator USING (true) WITH CHECK (true)")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO orderx_app")
        op.execute(f"GRANT SELECT ON {table} TO orderx_operator")
    op.execute(f"CREATE POLICY own ON customers FOR SELECT TO orderx_app USING ({OWN})")
    of_visible = "customer_id IN (SELECT id FROM customers)"  # which row-level security limits
    op.execute(f"CREATE POLICY own ON customer_addresses FOR SELECT TO orderx_app USING ({of_visible})")
    op.execute(f"CREATE POLICY erasure ON customers TO orderx_definer USING (user_id = {USER})")
    op.execute(f"CREATE POLICY erasure ON customer_addresses TO orderx_definer USING ({of_visible})")
    op.execute("""
        GRANT SELECT (id, user_id, version), UPDATE (
            name, email, phone, locale, vat_id, tags, note, accepts_marketing, marketing_decided_at, version
        ) ON customers TO orderx_definer""")
    op.execute("GRANT SELECT (customer_id), DELETE ON customer_addresses TO orderx_definer")


def _of(column: str, table: str, owner: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["company_id", column],
        [f"{table}.company_id", f"{table}.id"],
        name=op.f(f"{owner}_company_id_{column}_fkey"),
        ondelete="CASCADE",
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)

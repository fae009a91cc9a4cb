"""Plans with limits, suspension and closing of companies with their history, and the locations of their shops."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

COMPANY = "company_id = nullif(current_setting('orderx.company_id', true), '')::uuid"
CHECKS_OF_COMPANIES = {
    "plan": "plan IN ('trial', 'free', 'standard', 'pro')",
    "trial": "(plan = 'trial') = (trial_ends_at IS NOT NULL)",
    "order_expiry": "order_expiry_minutes > 0",
    "low_stock": "low_stock_threshold >= 0",
}

# Deferred, so that a shard is locked only during the commit, and rarely by two connections at once.
COUNT_ORDER = """
    CREATE FUNCTION count_order() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO order_counts (company_id, month, shard, count)
        VALUES (
            NEW.company_id, date_trunc('month', NEW.placed_at AT TIME ZONE 'UTC')::date, pg_backend_pid() % 32, 1)
        ON CONFLICT (company_id, month, shard) DO UPDATE SET count = order_counts.count + 1;
        RETURN NULL;
    END $$"""
COUNTED = """
    CREATE CONSTRAINT TRIGGER counted AFTER INSERT ON orders
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_order()"""


def upgrade() -> None:
    op.drop_column("companies", "settings")  # nothing ever read it
    for column in _new_of_companies():
        op.add_column("companies", column)
    for name, condition in CHECKS_OF_COMPANIES.items():
        op.create_check_constraint(op.f(f"companies_{name}_check"), "companies", condition)
    op.create_index(
        "companies_to_close_idx", "companies", ["deletion_due_at"], postgresql_where=sa.text("closed_at IS NULL")
    )
    for column in _new_of_shops():
        op.add_column("shops", column)
    op.create_check_constraint(op.f("shops_fulfilment_check"), "shops", "offers_pickup OR offers_delivery")
    op.drop_constraint(op.f("shops_company_id_name_key"), "shops", type_="unique")
    op.create_index(
        "shops_open_name_idx", "shops", ["company_id", "name"], unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )  # fmt: skip
    op.add_column("products", sa.Column("low_stock_threshold", sa.Integer(), nullable=True))
    op.create_check_constraint(op.f("products_low_stock_check"), "products", "low_stock_threshold >= 0")
    _create_tables()
    for table in ("company_events", "order_counts", "locations"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY operator ON {table} TO orderx_operator USING (true) WITH CHECK (true)")
        op.execute(f"GRANT SELECT ON {table} TO orderx_operator")
        op.execute(f"CREATE POLICY company ON {table} TO orderx_app USING ({COMPANY}) WITH CHECK ({COMPANY})")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO orderx_app")
    op.execute("GRANT UPDATE ON order_counts, locations TO orderx_app")
    op.execute("GRANT DELETE ON locations TO orderx_app")
    op.execute(COUNT_ORDER)
    op.execute(COUNTED)


def _new_of_companies() -> list[sa.Column[Any]]:
    return [
        sa.Column("locale", sa.Text(), server_default=sa.text("'en'"), nullable=False),
        sa.Column("prices_include_tax", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("order_expiry_minutes", sa.Integer(), server_default=sa.text("60"), nullable=False),
        sa.Column("low_stock_threshold", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("branding", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        # Existing companies have had no limits so far.
        sa.Column("plan", sa.Text(), server_default=sa.text("'pro'"), nullable=False),
        sa.Column("trial_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deletion_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
    ]


def _new_of_shops() -> list[sa.Column[Any]]:
    return [
        sa.Column("offers_pickup", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("offers_delivery", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
    ]


def _create_tables() -> None:
    op.create_table(
        "company_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("company_events_company_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("company_events_pkey")),
    )
    op.create_index(op.f("company_events_company_id_id_idx"), "company_events", ["company_id", "id"], unique=False)
    op.create_table(
        "order_counts",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("order_counts_company_id_fkey")),
        sa.PrimaryKeyConstraint("company_id", "month", "shard", name=op.f("order_counts_pkey")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "locations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("opening_hours", sa.Text(), nullable=True),
        sa.Column(
            "exceptions", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("offers_pickup", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "shop_id"],
            ["shops.company_id", "shops.id"],
            name=op.f("locations_company_id_shop_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("locations_pkey")),
    )
    op.create_index(op.f("locations_shop_id_id_idx"), "locations", ["shop_id", "id"], unique=False)


def downgrade() -> None:
    op.execute("DROP TRIGGER counted ON orders")
    op.execute("DROP FUNCTION count_order()")
    for table in ("locations", "order_counts", "company_events"):
        op.drop_table(table)
    op.drop_column("products", "low_stock_threshold")
    op.drop_index("shops_open_name_idx", table_name="shops")
    op.create_unique_constraint(op.f("shops_company_id_name_key"), "shops", ["company_id", "name"])
    for column in _new_of_shops():
        op.drop_column("shops", column.name)
    for column in _new_of_companies():
        op.drop_column("companies", column.name)
    op.add_column(
        "companies",
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )

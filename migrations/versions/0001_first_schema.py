"""The first schema: the tables of all areas, the saga journal, and tenant isolation by row-level security."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "companies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("allows_discount", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("accepts_raw_cards", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "settings",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("companies_currency_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("companies_pkey")),
    )
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("heard_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "event_id", name=op.f("inbox_pkey")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("available_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('chord', 'task', 'event')", name=op.f("outbox_kind_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_pkey")),
        postgresql_with={"fillfactor": "50", "autovacuum_vacuum_scale_factor": "0.01"},
    )
    op.create_index(op.f("outbox_available_at_id_idx"), "outbox", ["available_at", "id"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("email = lower(email)", name=op.f("users_email_lower_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("users_pkey")),
        sa.UniqueConstraint("email", name=op.f("users_email_key")),
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("refresh_tokens_user_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("refresh_tokens_pkey")),
    )
    op.create_index(op.f("refresh_tokens_family_id_idx"), "refresh_tokens", ["family_id"], unique=False)
    op.create_index(op.f("refresh_tokens_user_id_idx"), "refresh_tokens", ["user_id"], unique=False)
    op.create_table(
        "sagas",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'running'"), nullable=False),
        sa.Column("stage", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stop_requested", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("failure", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("traceparent", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('running', 'finishing', 'done', 'compensating', 'undone', 'stuck')",
            name=op.f("sagas_state_check"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("sagas_company_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("sagas_pkey")),
        sa.UniqueConstraint("company_id", "id", name=op.f("sagas_company_id_id_key")),
        sa.UniqueConstraint("name", "subject_id", name=op.f("sagas_name_subject_id_key")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index(
        "sagas_live_idx",
        "sagas",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state IN ('running', 'compensating', 'finishing')"),
    )
    op.create_index("sagas_stuck_idx", "sagas", ["id"], unique=False, postgresql_where=sa.text("state = 'stuck'"))
    op.create_index(op.f("sagas_subject_id_idx"), "sagas", ["subject_id"], unique=False)
    op.create_index(op.f("sagas_tags_idx"), "sagas", ["tags"], unique=False, postgresql_using="gin")
    op.create_table(
        "shops",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("shops_company_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("shops_pkey")),
        sa.UniqueConstraint("company_id", "id", name=op.f("shops_company_id_id_key")),
        sa.UniqueConstraint("company_id", "name", name=op.f("shops_company_id_name_key")),
    )
    op.create_table(
        "warehouses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("warehouses_company_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("warehouses_pkey")),
        sa.UniqueConstraint("company_id", "id", name=op.f("warehouses_company_id_id_key")),
        sa.UniqueConstraint("company_id", "name", name=op.f("warehouses_company_id_name_key")),
    )
    op.create_table(
        "incidents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("saga_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolution", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint("phase IN ('running', 'finishing', 'compensating')", name=op.f("incidents_phase_check")),
        sa.ForeignKeyConstraint(
            ["company_id", "saga_id"],
            ["sagas.company_id", "sagas.id"],
            name=op.f("incidents_company_id_saga_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("incidents_pkey")),
    )
    op.create_index(
        "incidents_open_idx",
        "incidents",
        ["saga_id", "step"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "memberships",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("shop_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(role = 'super_admin') = (company_id IS NULL)", name=op.f("memberships_company_check")),
        sa.CheckConstraint("role IN ('shop_manager', 'staff') OR shop_id IS NULL", name=op.f("memberships_shop_check")),
        sa.CheckConstraint(
            "role IN ('super_admin', 'company_admin', 'shop_manager', 'staff')",
            name=op.f("memberships_role_check"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "shop_id"],
            ["shops.company_id", "shops.id"],
            name=op.f("memberships_company_id_shop_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("memberships_company_id_fkey")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("memberships_user_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("memberships_pkey")),
        sa.UniqueConstraint(
            "user_id",
            "company_id",
            "shop_id",
            "role",
            name=op.f("memberships_user_id_company_id_shop_id_role_key"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("memberships_company_id_idx"), "memberships", ["company_id"], unique=False)
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("customer_email", sa.Text(), nullable=False),
        sa.Column("customer_name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("subtotal", sa.BigInteger(), nullable=False),
        sa.Column("discount_percent", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("shipping_address", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("failure", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'paid', 'fulfilling', 'shipped', 'delivered', 'completed', 'failed', 'cancelled', 'returned', 'partially_returned')",
            name=op.f("orders_status_check"),
        ),
        sa.CheckConstraint("discount_percent BETWEEN 0 AND 100", name=op.f("orders_discount_percent_check")),
        sa.CheckConstraint("total BETWEEN 0 AND subtotal", name=op.f("orders_total_check")),
        sa.ForeignKeyConstraint(
            ["company_id", "shop_id"],
            ["shops.company_id", "shops.id"],
            name=op.f("orders_company_id_shop_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["users.id"], name=op.f("orders_customer_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("orders_pkey")),
        sa.UniqueConstraint("company_id", "id", name=op.f("orders_company_id_id_key")),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index(op.f("orders_customer_id_id_idx"), "orders", ["customer_id", "id"], unique=False)
    op.create_table(
        "products",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("price >= 0", name=op.f("products_price_check")),
        sa.ForeignKeyConstraint(
            ["company_id", "shop_id"],
            ["shops.company_id", "shops.id"],
            name=op.f("products_company_id_shop_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("products_pkey")),
        sa.UniqueConstraint("company_id", "id", name=op.f("products_company_id_id_key")),
        sa.UniqueConstraint("company_id", "sku", name=op.f("products_company_id_sku_key")),
    )
    op.create_index(op.f("products_shop_id_id_idx"), "products", ["shop_id", "id"], unique=False)
    op.create_table(
        "saga_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("saga_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "saga_id"],
            ["sagas.company_id", "sagas.id"],
            name=op.f("saga_events_company_id_saga_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("saga_events_pkey")),
    )
    op.create_index(op.f("saga_events_saga_id_id_idx"), "saga_events", ["saga_id", "id"], unique=False)
    op.create_table(
        "saga_steps",
        sa.Column("saga_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("undo_attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("outcome", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'running', 'done', 'failed', 'undoing', 'undone', 'skipped')",
            name=op.f("saga_steps_state_check"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "saga_id"],
            ["sagas.company_id", "sagas.id"],
            name=op.f("saga_steps_company_id_saga_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("saga_id", "step", name=op.f("saga_steps_pkey")),
        postgresql_with={"fillfactor": "60"},
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("caller_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["caller_id"], ["users.id"], name=op.f("idempotency_keys_caller_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "order_id"],
            ["orders.company_id", "orders.id"],
            name=op.f("idempotency_keys_company_id_order_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("caller_id", "key", name=op.f("idempotency_keys_pkey")),
    )
    op.create_index(op.f("idempotency_keys_created_at_idx"), "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "mails",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("context", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "due_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now() + interval '60 seconds'"),
            nullable=False,
        ),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('queued', 'sending', 'sent', 'refused')", name=op.f("mails_status_check")),
        sa.ForeignKeyConstraint(
            ["company_id", "order_id"],
            ["orders.company_id", "orders.id"],
            name=op.f("mails_company_id_order_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("mails_pkey")),
        sa.UniqueConstraint("occasion", "recipient", name=op.f("mails_occasion_recipient_key")),
    )
    op.create_index(
        "mails_unsent_idx",
        "mails",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('queued', 'sending')"),
    )
    op.create_index(op.f("mails_order_id_idx"), "mails", ["order_id"], unique=False)
    op.create_table(
        "order_lines",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("order_lines_quantity_check")),
        sa.CheckConstraint("unit_price >= 0", name=op.f("order_lines_unit_price_check")),
        sa.ForeignKeyConstraint(
            ["company_id", "order_id"],
            ["orders.company_id", "orders.id"],
            name=op.f("order_lines_company_id_order_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "product_id"],
            ["products.company_id", "products.id"],
            name=op.f("order_lines_company_id_product_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("order_id", "position", name=op.f("order_lines_pkey")),
    )
    op.create_table(
        "payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("provider_ref", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'authorised', 'captured', 'voided', 'refunded', 'failed')",
            name=op.f("payments_status_check"),
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("payments_amount_check")),
        sa.ForeignKeyConstraint(
            ["company_id", "order_id"],
            ["orders.company_id", "orders.id"],
            name=op.f("payments_company_id_order_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("payments_pkey")),
        sa.UniqueConstraint("company_id", "id", name=op.f("payments_company_id_id_key")),
        sa.UniqueConstraint("order_id", name=op.f("payments_order_id_key")),
        sa.UniqueConstraint("provider_ref", name=op.f("payments_provider_ref_key")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "reservations",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("warehouse_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'held'"), nullable=False),
        sa.CheckConstraint(
            "state IN ('held', 'released', 'committed', 'taken_back')", name=op.f("reservations_state_check")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("reservations_quantity_check")),
        sa.ForeignKeyConstraint(
            ["company_id", "order_id"],
            ["orders.company_id", "orders.id"],
            name=op.f("reservations_company_id_order_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "product_id"],
            ["products.company_id", "products.id"],
            name=op.f("reservations_company_id_product_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "warehouse_id"],
            ["warehouses.company_id", "warehouses.id"],
            name=op.f("reservations_company_id_warehouse_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("order_id", "product_id", "warehouse_id", name=op.f("reservations_pkey")),
    )
    op.create_index(
        op.f("reservations_product_id_warehouse_id_idx"),
        "reservations",
        ["product_id", "warehouse_id"],
        unique=False,
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_table(
        "stock",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("warehouse_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("on_hand", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reserved", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("reserved BETWEEN 0 AND on_hand", name=op.f("stock_reserved_check")),
        sa.ForeignKeyConstraint(
            ["company_id", "product_id"],
            ["products.company_id", "products.id"],
            name=op.f("stock_company_id_product_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "warehouse_id"],
            ["warehouses.company_id", "warehouses.id"],
            name=op.f("stock_company_id_warehouse_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("product_id", "warehouse_id", name=op.f("stock_pkey")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "stock_movements",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("warehouse_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("reason IN ('counted', 'sold', 'taken_back')", name=op.f("stock_movements_reason_check")),
        sa.CheckConstraint("quantity <> 0", name=op.f("stock_movements_quantity_check")),
        sa.ForeignKeyConstraint(
            ["company_id", "order_id"],
            ["orders.company_id", "orders.id"],
            name=op.f("stock_movements_company_id_order_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "product_id"],
            ["products.company_id", "products.id"],
            name=op.f("stock_movements_company_id_product_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "warehouse_id"],
            ["warehouses.company_id", "warehouses.id"],
            name=op.f("stock_movements_company_id_warehouse_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("stock_movements_pkey")),
    )
    op.create_index(
        op.f("stock_movements_order_id_idx"),
        "stock_movements",
        ["order_id"],
        unique=False,
        postgresql_where=sa.text("order_id IS NOT NULL"),
    )
    op.create_index(
        op.f("stock_movements_product_id_warehouse_id_idx"),
        "stock_movements",
        ["product_id", "warehouse_id"],
        unique=False,
    )
    op.create_table(
        "payment_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("provider_ref", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "type IN ('authorised', 'captured', 'voided', 'refunded', 'failed')",
            name=op.f("payment_events_type_check"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "payment_id"],
            ["payments.company_id", "payments.id"],
            name=op.f("payment_events_company_id_payment_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("payment_events_pkey")),
        sa.UniqueConstraint("provider_ref", "type", name=op.f("payment_events_provider_ref_type_key")),
    )
    op.create_index(op.f("payment_events_payment_id_idx"), "payment_events", ["payment_id"], unique=False)
    _create_roles()
    _build_wall()
    op.execute(OPEN_SAGA)
    op.execute(WAKE_RELAY)
    op.execute("CREATE TRIGGER wake_relay AFTER INSERT ON outbox EXECUTE FUNCTION wake_relay()")


def downgrade() -> None:
    op.execute("DROP FUNCTION open_saga")
    op.execute("DROP TRIGGER wake_relay ON outbox")
    op.execute("DROP FUNCTION wake_relay")
    op.execute("DROP POLICY colleague ON users")
    op.execute("DROP POLICY member ON companies")
    op.drop_index(op.f("payment_events_payment_id_idx"), table_name="payment_events")
    op.drop_table("payment_events")
    op.drop_index(op.f("stock_movements_product_id_warehouse_id_idx"), table_name="stock_movements")
    op.drop_index(
        op.f("stock_movements_order_id_idx"),
        table_name="stock_movements",
        postgresql_where=sa.text("order_id IS NOT NULL"),
    )
    op.drop_table("stock_movements")
    op.drop_table("stock")
    op.drop_index(
        op.f("reservations_product_id_warehouse_id_idx"),
        table_name="reservations",
        postgresql_where=sa.text("state = 'held'"),
    )
    op.drop_table("reservations")
    op.drop_table("payments")
    op.drop_table("order_lines")
    op.drop_index(op.f("mails_order_id_idx"), table_name="mails")
    op.drop_table("mails")
    op.drop_index(op.f("idempotency_keys_created_at_idx"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_table("saga_steps")
    op.drop_index(op.f("saga_events_saga_id_id_idx"), table_name="saga_events")
    op.drop_table("saga_events")
    op.drop_index(op.f("products_shop_id_id_idx"), table_name="products")
    op.drop_table("products")
    op.drop_index(op.f("orders_customer_id_id_idx"), table_name="orders")
    op.drop_table("orders")
    op.drop_index(op.f("memberships_company_id_idx"), table_name="memberships")
    op.drop_table("memberships")
    op.drop_index("incidents_open_idx", table_name="incidents", postgresql_where=sa.text("resolved_at IS NULL"))
    op.drop_table("incidents")
    op.drop_table("warehouses")
    op.drop_table("shops")
    op.drop_index(op.f("sagas_tags_idx"), table_name="sagas", postgresql_using="gin")
    op.drop_index(op.f("sagas_subject_id_idx"), table_name="sagas")
    op.drop_index("sagas_stuck_idx", table_name="sagas", postgresql_where=sa.text("state = 'stuck'"))
    op.drop_index(
        "sagas_live_idx",
        table_name="sagas",
        postgresql_where=sa.text("state IN ('running', 'compensating', 'finishing')"),
    )
    op.drop_table("sagas")
    op.drop_index(op.f("refresh_tokens_user_id_idx"), table_name="refresh_tokens")
    op.drop_index(op.f("refresh_tokens_family_id_idx"), table_name="refresh_tokens")
    op.drop_table("refresh_tokens")
    op.drop_table("users")
    op.drop_index(op.f("outbox_available_at_id_idx"), table_name="outbox")
    op.drop_table("outbox")
    op.drop_table("inbox")
    op.drop_table("companies")
    # Roles belong to the server, and other databases may use them: they stay.


COMPANY = "company_id = nullif(current_setting('orderx.company_id', true), '')::uuid"
USER = "nullif(current_setting('orderx.user_id', true), '')::uuid"

TENANT_TABLES = (
    "memberships", "shops", "products", "warehouses", "stock", "stock_movements", "reservations", "orders",
    "order_lines", "idempotency_keys", "payments", "payment_events", "mails", "sagas", "saga_steps",
    "saga_events", "incidents", "outbox", "inbox",
)  # fmt: skip

# Privileges of the app role besides SELECT and INSERT; append-only tables are not listed.
UPDATES = (
    "users", "companies", "shops", "products", "warehouses", "stock", "reservations", "orders", "payments", "mails",
    "sagas", "saga_steps", "incidents", "refresh_tokens",
)  # fmt: skip


# One round trip instead of three. Each statement in the function has a separate snapshot, so the steps are read as the
# previous holder of the saga's lock has committed them.
OPEN_SAGA = """
    CREATE FUNCTION open_saga(the_saga uuid, the_company uuid) RETURNS TABLE (
        name text, version int, subject_id uuid, state text, stage int, stop_requested jsonb, failure jsonb,
        due_at timestamptz, ended_at timestamptz, steps jsonb
    ) LANGUAGE plpgsql AS $$
    #variable_conflict use_column
    BEGIN
        PERFORM set_config('orderx.company_id', the_company::text, true), set_config('orderx.user_id', '', true);
        PERFORM 1 FROM sagas WHERE id = the_saga AND company_id = the_company FOR UPDATE;
        RETURN QUERY
            SELECT s.name, s.version, s.subject_id, s.state, s.stage, s.stop_requested, s.failure, s.due_at, s.ended_at,
                (
                    SELECT jsonb_agg(jsonb_build_object(
                        'step', t.step, 'stage', t.stage, 'state', t.state, 'attempts', t.attempts,
                        'undo_attempts', t.undo_attempts, 'outcome', t.outcome, 'error', t.error,
                        'retry_at', t.retry_at, 'begun_at', t.begun_at, 'answered_at', t.answered_at,
                        'undone_at', t.undone_at) ORDER BY t.position)
                    FROM saga_steps t WHERE t.saga_id = s.id
                )
            FROM sagas s WHERE s.id = the_saga AND s.company_id = the_company;
    END $$"""


# Once per statement, merged by PostgreSQL to one per transaction, and delivered after its commit.
WAKE_RELAY = """
    CREATE FUNCTION wake_relay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('orderx_outbox', '');
        RETURN NULL;
    END $$"""


def _create_roles() -> None:
    for role in ("orderx_app", "orderx_operator"):
        op.execute(f"""
            DO $$ BEGIN
                CREATE ROLE {role} NOLOGIN;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END $$""")
        op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        op.execute(f"GRANT SELECT ON alembic_version TO {role}")


def _build_wall() -> None:
    for table in (*TENANT_TABLES, "companies", "users", "refresh_tokens"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY operator ON {table} TO orderx_operator USING (true) WITH CHECK (true)")
        op.execute(f"GRANT SELECT ON {table} TO orderx_operator")
        op.execute(f"GRANT INSERT ON {table} TO orderx_app")
        if table != "outbox":
            op.execute(f"GRANT SELECT ON {table} TO orderx_app")
    for table in TENANT_TABLES:
        op.execute(f"CREATE POLICY company ON {table} TO orderx_app USING ({COMPANY}) WITH CHECK ({COMPANY})")
    for table in UPDATES:
        op.execute(f"GRANT UPDATE ON {table} TO orderx_app")
    _let_people_see_their_own()
    _let_the_operator_work()


def _let_people_see_their_own() -> None:
    op.execute(f"CREATE POLICY own ON memberships FOR SELECT TO orderx_app USING (user_id = {USER})")
    # A user who acts for a company sees that company's orders, but not their own orders at other companies.
    nobodys = "nullif(current_setting('orderx.company_id', true), '') IS NULL"
    mine = f"customer_id = {USER} AND {nobodys}"
    op.execute(f"CREATE POLICY own ON orders FOR SELECT TO orderx_app USING ({mine})")
    for verb in ("SELECT", "DELETE"):
        op.execute(f"CREATE POLICY own_{verb} ON idempotency_keys FOR {verb} TO orderx_app USING (caller_id = {USER})")
    op.execute(f"CREATE POLICY own ON refresh_tokens TO orderx_app USING (user_id = {USER})")
    op.execute("GRANT DELETE ON memberships, idempotency_keys TO orderx_app")

    email = "email = nullif(current_setting('orderx.email', true), '')"
    colleague = f"EXISTS (SELECT FROM memberships m WHERE m.user_id = users.id AND m.{COMPANY})"
    op.execute(f"CREATE POLICY self ON users TO orderx_app USING (id = {USER} OR {email})")
    op.execute(f"CREATE POLICY colleague ON users FOR SELECT TO orderx_app USING ({colleague})")

    company = COMPANY.removeprefix("company_")
    member = f"EXISTS (SELECT FROM memberships m WHERE m.company_id = companies.id AND m.user_id = {USER})"
    op.execute(f"CREATE POLICY company ON companies TO orderx_app USING ({company}) WITH CHECK ({company})")
    op.execute(f"CREATE POLICY member ON companies FOR SELECT TO orderx_app USING ({member})")
    visited = "id = nullif(current_setting('orderx.shop_id', true), '')::uuid"
    op.execute(f"CREATE POLICY visited ON shops FOR SELECT TO orderx_app USING ({visited})")

    # Events that belong to no company (a user registered) may be published and processed without a tenant.
    op.execute("CREATE POLICY global ON outbox FOR INSERT TO orderx_app WITH CHECK (company_id IS NULL)")
    op.execute("CREATE POLICY global ON inbox TO orderx_app USING (company_id IS NULL) WITH CHECK (company_id IS NULL)")


def _let_the_operator_work() -> None:
    op.execute("GRANT UPDATE, DELETE ON outbox TO orderx_operator")
    op.execute("GRANT INSERT ON outbox, saga_events, incidents TO orderx_operator")
    op.execute("GRANT UPDATE ON sagas, saga_steps, incidents, mails TO orderx_operator")
    op.execute("GRANT DELETE ON sagas, saga_steps, saga_events, incidents, inbox, idempotency_keys TO orderx_operator")

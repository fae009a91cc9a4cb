"""The customer of an order is the company's record of the buyer, instead of the user.

Processes of the previous release write the user's id there, so this needs a stop.
"""

from alembic import op

from migrations import stop

revision = "20261129_order_customers"
down_revision = "20261129_job_results"
branch_labels = None
depends_on = None

WRITTEN = ("customers", "orders")
USER = "nullif(current_setting('orderx.user_id', true), '')::uuid"
OF_NO_COMPANY = "nullif(current_setting('orderx.company_id', true), '') IS NULL"
BY_USER = f"customer_id = {USER}"
# A UUIDv7 of the first order's time, so that customers are listed in the order in which they came.
CREATE = """
    INSERT INTO customers (id, company_id, user_id, name, email, created_at)
    SELECT (
            lpad(to_hex((extract(epoch FROM min(placed_at)) * 1000)::bigint), 12, '0')
            || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15)
        )::uuid, company_id, customer_id, (array_agg(customer_name ORDER BY id DESC))[1],
        CASE WHEN bool_or(customer_email LIKE 'erased-%@erased.invalid') THEN NULL
            ELSE lower((array_agg(customer_email ORDER BY id DESC))[1]) END, min(placed_at)
    FROM orders GROUP BY company_id, customer_id
    ON CONFLICT (company_id, user_id) DO NOTHING"""


def upgrade() -> None:
    stop.require()
    _let_the_owner_write()
    op.drop_constraint("orders_customer_id_fkey", "orders", type_="foreignkey")
    op.execute(CREATE)
    op.execute("""
        UPDATE orders o SET customer_id = c.id
        FROM customers c WHERE c.company_id = o.company_id AND c.user_id = o.customer_id""")
    op.execute("""
        ALTER TABLE orders ADD CONSTRAINT orders_company_id_customer_id_fkey
        FOREIGN KEY (company_id, customer_id) REFERENCES customers (company_id, id)""")
    _bind_the_owner()
    op.execute("ALTER TABLE payment_attempts RENAME COLUMN customer_id TO user_id")
    op.execute("ALTER INDEX payment_attempts_declined_customer_idx RENAME TO payment_attempts_declined_user_idx")


def downgrade() -> None:
    """Orders of guests, who are no users, cannot be kept: the foreign key refuses them."""
    stop.require()
    op.execute("ALTER INDEX payment_attempts_declined_user_idx RENAME TO payment_attempts_declined_customer_idx")
    op.execute("ALTER TABLE payment_attempts RENAME COLUMN user_id TO customer_id")
    _let_the_owner_write()
    op.drop_constraint("orders_company_id_customer_id_fkey", "orders", type_="foreignkey")
    op.execute("""
        UPDATE orders o SET customer_id = c.user_id FROM customers c WHERE c.id = o.customer_id AND c.user_id IS NOT NULL""")
    op.create_foreign_key("orders_customer_id_fkey", "orders", "users", ["customer_id"], ["id"])
    _bind_the_owner()
    # The policies must not depend on customers any longer.
    op.execute(f"ALTER POLICY own ON orders USING ({BY_USER} AND {OF_NO_COMPANY})")
    op.execute(f"ALTER POLICY erasure ON orders USING ({BY_USER})")
    by_user = f"user_id = {USER} OR EXISTS (SELECT FROM orders o WHERE o.id = order_id AND o.{BY_USER})"
    op.execute(f"ALTER POLICY erasure ON mails USING ({by_user})")


def _let_the_owner_write() -> None:
    for table in WRITTEN:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")


def _bind_the_owner() -> None:
    for table in WRITTEN:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")

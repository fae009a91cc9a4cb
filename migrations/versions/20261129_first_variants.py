"""Make the first variant of each existing product, and let orders and stock refer to variants.

Every part bears being run again.
"""

from migrations import online

revision = "20261129_first_variants"
down_revision = "20261129_variants"
branch_labels = None
depends_on = None

REFERRING = ("stock", "stock_movements", "reservations", "order_lines")
# A product that a transaction changes meanwhile gets its variant by the trigger, and is skipped here.
FILL = """
    DO $$
    DECLARE
        last uuid := '00000000-0000-0000-0000-000000000000';
    BEGIN
        LOOP
            WITH batch AS MATERIALIZED (SELECT * FROM products WHERE id > last ORDER BY id LIMIT 5000),
            variant AS (
                INSERT INTO variants (
                    id, company_id, product_id, sku, price, currency, low_stock_threshold, created_at)
                SELECT id, company_id, id, sku, price, currency, low_stock_threshold, created_at FROM batch
                ON CONFLICT (id) DO NOTHING
            ), listing AS (
                INSERT INTO listings (shop_id, product_id, company_id) SELECT shop_id, id, company_id FROM batch
                ON CONFLICT DO NOTHING
            )
            SELECT id INTO last FROM batch ORDER BY id DESC LIMIT 1;
            EXIT WHEN last IS NULL;
            COMMIT;
        END LOOP;
    END $$"""


def upgrade() -> None:
    online.fill(FILL, "products", "variants", "listings")
    _refer_to("variants")


def downgrade() -> None:
    """Orders and stock of other variants than the first of a product cannot be kept: the foreign keys refuse them."""
    _refer_to("products")


def _refer_to(table: str) -> None:
    for referring in REFERRING:
        online.add_constraint(
            f"{referring}_company_id_product_id_fkey",
            referring,
            f"FOREIGN KEY (company_id, product_id) REFERENCES {table} (company_id, id)",
        )

"""The initial database of every run: one company with one shop, products and stock."""

import psycopg

from bench.workload import BUYER, COMPANY, CUSTOMER, MERCHANT, PRODUCTS, SHOP, WAREHOUSE, product
from domain.accounts import passwords

PASSWORD = "not a secret: the bench's"
ON_HAND = 1_000_000
"""Units of each product, more than any run orders."""


def seed(url: str, *, on_hand: int = ON_HAND) -> None:
    """Fill a newly migrated database, as its superuser."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO companies (id, name, email, currency) VALUES (%s, 'Paper & Co', %s, 'EUR')",
            [COMPANY, MERCHANT],
        )
        connection.execute(
            """INSERT INTO users (id, email, name, password_hash, verified_at)
            VALUES (%s, %s, 'Ada Example', %s, now())""",
            [CUSTOMER, BUYER, passwords.hash_password(PASSWORD)],
        )
        connection.execute(
            "INSERT INTO shops (id, company_id, name) VALUES (%s, %s, 'Harbour Street')", [SHOP, COMPANY]
        )
        connection.execute(
            "INSERT INTO customers (id, company_id, user_id, name, email) VALUES (%s, %s, %s, 'Ada Example', %s)",
            [CUSTOMER, COMPANY, CUSTOMER, BUYER],
        )
        connection.execute(
            "INSERT INTO warehouses (id, company_id, name) VALUES (%s, %s, 'Cellar')", [WAREHOUSE, COMPANY]
        )
        products = [product(number) for number in range(PRODUCTS)]
        connection.execute(
            """INSERT INTO products (id, company_id, shop_id, sku, name, price, currency)
            SELECT p, %s, %s, 'NB-' || n, 'Dotted notebook', 1999, 'EUR'
            FROM unnest(%s::uuid[]) WITH ORDINALITY AS t (p, n)""",
            [COMPANY, SHOP, products],
        )
        connection.execute(
            "INSERT INTO usage_counts (company_id, shop_id, resource, count)"
            " VALUES (%(company)s, %(shop)s, 'shops', 1), (%(company)s, %(shop)s, 'products', %(products)s)",
            {"company": COMPANY, "shop": SHOP, "products": PRODUCTS},
        )
        fill_stock(connection, on_hand)
    with psycopg.connect(url, autocommit=True) as connection:
        # Only the filled tables: PostgreSQL would plan sequential scans for tables that it knows to be empty, and keep
        # these plans while the tables grow.
        connection.execute(
            "VACUUM ANALYZE companies, users, customers, shops, warehouses, products, stock, stock_movements"
        )


def fill_stock(connection: psycopg.Connection, on_hand: int) -> None:
    """Set the stock of each product to `on_hand`, in the ledger as well."""
    values = {"company": COMPANY, "warehouse": WAREHOUSE, "on_hand": on_hand}
    connection.execute(
        """INSERT INTO stock (company_id, product_id, warehouse_id, on_hand)
        SELECT %(company)s, id, %(warehouse)s, %(on_hand)s FROM products""",
        values,
    )
    connection.execute(
        """INSERT INTO stock_movements (company_id, product_id, warehouse_id, quantity, reason)
        SELECT %(company)s, id, %(warehouse)s, %(on_hand)s, 'counted' FROM products""",
        values,
    )

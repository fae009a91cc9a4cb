"""Existing products become products with one variant, and statements of the previous release go on working."""

import os

import psycopg
import pytest
from alembic import command

from kit.ids import new_id
from migrations import run
from ops.services.postgres import create_database, drop_database, with_login
from tests.migrations.test_plain_names import FILLED

VARIANTS = "SELECT id, product_id, sku, price, low_stock_threshold FROM variants ORDER BY id"
PRODUCTS = "SELECT id, id, sku, price, low_stock_threshold FROM products ORDER BY id"
ADD_PRODUCT = """
    INSERT INTO products (id, company_id, shop_id, sku, name, price, currency)
    SELECT %s, company_id, id, 'NEW', 'Pen', 150, 'EUR' FROM shops LIMIT 1"""
ADD_STOCK = """
    INSERT INTO stock (product_id, warehouse_id, company_id) SELECT %s, id, company_id FROM warehouses LIMIT 1"""
BASE_PRICES = "SELECT variant_id, price FROM base_prices ORDER BY variant_id, changed_at"
LISTED = "SELECT shop_id, product_id FROM listings ORDER BY product_id"


@pytest.fixture
def owner():
    """A connection to a database with products, which were there before the variants."""
    url, name = os.environ["ORDERX_OWNER_DATABASE_URL"], f"orderx_first_variants_{os.getpid()}"
    drop_database(url, name)
    create_database(url, name)
    url = with_login(url, database=name)
    command.upgrade(run.alembic_config(url), "0028")
    with psycopg.connect(url) as connection:
        connection.execute(FILLED)
        connection.execute("DELETE FROM outbox")
        connection.execute("UPDATE sagas SET ended_at = now(), due_at = NULL WHERE ended_at IS NULL")
    run.upgrade(owner_url=url)
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection
    drop_database(os.environ["ORDERX_OWNER_DATABASE_URL"], name)


def rows(connection, query):
    return connection.execute(query).fetchall()


def test_existing_products_have_a_variant_and_are_sold_in_their_shop(owner):
    assert rows(owner, VARIANTS) == rows(owner, PRODUCTS) != []
    assert rows(owner, LISTED) == rows(owner, "SELECT shop_id, id FROM products ORDER BY id")
    assert rows(owner, BASE_PRICES) == rows(owner, "SELECT id, price FROM products ORDER BY id")


def test_products_written_by_the_previous_release_have_one_too(owner):
    product_id = new_id()
    owner.execute(ADD_PRODUCT, [product_id])
    owner.execute("UPDATE products SET price = 175, low_stock_threshold = 3 WHERE id = %s", [product_id])
    assert rows(owner, VARIANTS) == rows(owner, PRODUCTS)
    assert (product_id, product_id, "NEW", 175, 3) in rows(owner, VARIANTS)
    assert [price for variant_id, price in rows(owner, BASE_PRICES) if variant_id == product_id] == [150, 175]
    assert rows(owner, LISTED) == rows(owner, "SELECT shop_id, id FROM products ORDER BY id")


def test_stock_refers_to_variants(owner):
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        owner.execute(ADD_STOCK, [new_id()])

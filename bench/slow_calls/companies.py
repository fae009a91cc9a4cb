"""The companies of the measurement: the bench's own, and copies of it with other ids."""

from uuid import UUID

import psycopg

from bench import workload
from bench.seed import ON_HAND

NUMBER = 8

_INSERT_COPIES = """
    INSERT INTO companies (id, name, email, currency) VALUES (%(company)s, 'Another', %(email)s, 'EUR');
    INSERT INTO shops (id, company_id, name) VALUES (%(shop)s, %(company)s, 'Another street');
    INSERT INTO customers (id, company_id, user_id, name, email)
    SELECT %(customer)s, %(company)s, id, name, email FROM users WHERE id = %(user)s;
    INSERT INTO warehouses (id, company_id, name) VALUES (%(warehouse)s, %(company)s, 'Cellar');
    INSERT INTO products (id, company_id, shop_id, sku, name, price, currency)
    VALUES (%(product)s, %(company)s, %(shop)s, 'NB', 'Dotted notebook', 1999, 'EUR');
    INSERT INTO usage_counts (company_id, shop_id, resource, count)
    VALUES (%(company)s, %(shop)s, 'shops', 1), (%(company)s, %(shop)s, 'products', 1);
    INSERT INTO stock (company_id, product_id, warehouse_id, on_hand)
    VALUES (%(company)s, %(product)s, %(warehouse)s, %(on_hand)s);
    INSERT INTO stock_movements (company_id, product_id, warehouse_id, quantity, reason)
    VALUES (%(company)s, %(product)s, %(warehouse)s, %(on_hand)s, 'counted')"""


def _id(kind: int, number: int) -> UUID:
    return UUID(int=0x0192_0000_0000_7000_8000_0000_0000_0000 + kind * 1000 + number)


def company(number: int) -> UUID:
    """The company with this number; 0 is the bench's own."""
    return _id(1, number) if number else workload.COMPANY


def shop(number: int) -> UUID:
    """Its shop."""
    return _id(2, number) if number else workload.SHOP


def product(number: int, order: int) -> UUID:
    """The product of an order."""
    return _id(3, number) if number else workload.product(order)


def create(database_url: str) -> None:
    """Create the companies beside the bench's own, as the database's superuser."""
    with psycopg.connect(database_url, cursor_factory=psycopg.ClientCursor) as connection:
        for number in range(1, NUMBER):
            ids = {
                "company": company(number), "shop": shop(number), "product": product(number, 0),
                "customer": _id(4, number), "warehouse": _id(5, number), "user": workload.CUSTOMER,
                "email": f"orders@company-{number}.example", "on_hand": ON_HAND,
            }  # fmt: skip
            connection.execute(_INSERT_COPIES, ids)

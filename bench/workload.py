"""The workload of all peers as SQL: an order of one line, from placed to paid.

The tables are OrderX's (migrations/), with all keys, checks and indexes. A step is one transaction. Peers connect as
superuser, which bypasses row-level security; OrderX connects as its own roles, which do not.
"""

import re
from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

COMPANY, CUSTOMER, SHOP, WAREHOUSE = (
    UUID(int=0x0190_0000_0000_7000_8000_0000_0000_0000 + each) for each in range(1, 5)
)
PRODUCTS = 1_000
"""Products, ordered in turn, so that no two orders in flight use the same row of stock."""

PRICE = 1999
CARD = "pm_card_visa"
ADDRESS = {"name": "Ada Example", "line1": "1 Harbour Street", "city": "Berlin", "country": "DE"}
BUYER, MERCHANT = "ada@example.com", "orders@paper.example.com"

Values = Mapping[str, Any]
Step = tuple[str, ...]
"""The statements of one transaction."""

PLACE = (
    """INSERT INTO orders (id, company_id, shop_id, customer_id, customer_email, customer_name, currency, subtotal,
        total, shipping_address, placed_at, changed_at)
    VALUES (%(order)s, %(company)s, %(shop)s, %(customer)s, 'ada@example.com', 'Ada Example', 'EUR', 1999, 1999,
        '{"name": "Ada Example", "line1": "1 Harbour Street", "city": "Berlin", "country": "DE"}', now(), now())""",
    """INSERT INTO order_lines (order_id, position, company_id, product_id, sku, name, quantity, unit_price)
    VALUES (%(order)s, 0, %(company)s, %(product)s, 'NB', 'Dotted notebook', 1, 1999)""",
    """INSERT INTO payments (id, company_id, order_id, amount, currency, method)
    VALUES (%(order)s, %(company)s, %(order)s, 1999, 'EUR', 'pm_card_visa')""",
)
RESERVE = (
    """UPDATE stock SET reserved = reserved + 1
    WHERE product_id = %(product)s AND warehouse_id = %(warehouse)s AND on_hand - reserved >= 1""",
    """INSERT INTO reservations (order_id, product_id, warehouse_id, company_id, quantity)
    VALUES (%(order)s, %(product)s, %(warehouse)s, %(company)s, 1)""",
)
_INSERT_EVENT = """INSERT INTO payment_events (id, company_id, payment_id, type, provider_ref, amount, happened_at)
    VALUES (gen_random_uuid(), %(company)s, %(order)s, '{type}', %(ref)s, 1999, now())"""
_UPDATE_STATUS = "UPDATE payments SET status = '{type}', provider_ref = %(ref)s WHERE id = %(order)s"
AUTHORISE = (_INSERT_EVENT.format(type="authorised"), _UPDATE_STATUS.format(type="authorised"))
CAPTURE = (_INSERT_EVENT.format(type="captured"), _UPDATE_STATUS.format(type="captured"))
COMMIT = (
    "UPDATE reservations SET state = 'committed' WHERE order_id = %(order)s AND product_id = %(product)s",
    """INSERT INTO stock_movements (company_id, product_id, warehouse_id, order_id, quantity, reason)
    VALUES (%(company)s, %(product)s, %(warehouse)s, %(order)s, -1, 'sold')""",
    """UPDATE stock SET reserved = reserved - 1, on_hand = on_hand - 1
    WHERE product_id = %(product)s AND warehouse_id = %(warehouse)s""",
)
MARK_PAID = (
    """UPDATE orders SET status = 'paid', state = 'placed', payment_state = 'paid', paid = total, changed_at = now(),
        version = version + 1 WHERE id = %(order)s""",
)

STEPS: tuple[Step, ...] = (PLACE, RESERVE, AUTHORISE, CAPTURE, COMMIT, MARK_PAID)


class OutOfStock(Exception):
    """A statement of a step changed no row."""


class _Connection(Protocol):
    def execute(self, statement: Any, values: Any) -> Any: ...


def run_step(connection: _Connection, step: Step, values: Values) -> None:
    """Run a step's statements on a psycopg connection, in the caller's transaction."""
    for statement in step:
        if connection.execute(statement, values).rowcount != 1:
            raise OutOfStock(statement)


def product(number: int) -> UUID:
    """The product of the order with this number."""
    return UUID(int=0x0191_0000_0000_7000_8000_0000_0000_0000 + number % PRODUCTS)


def values(order: str, number: int, ref: str = "") -> dict[str, str]:
    """The parameters of the statements for an order, as text, so that any broker can carry them."""
    fixed = {"company": COMPANY, "customer": CUSTOMER, "shop": SHOP, "warehouse": WAREHOUSE}
    about = {"order": order, "product": str(product(number)), "ref": ref or f"row_{order}"}
    return {**{name: str(value) for name, value in fixed.items()}, **about}


def with_colons(statement: str) -> str:
    """The statement with parameters in the syntax of SQLAlchemy's text() and of pgbench."""
    return re.sub(r"%\((\w+)\)s", r":\1", statement)

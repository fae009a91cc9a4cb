"""Fixtures for orders: a shop, a customer and a payment provider."""

from types import SimpleNamespace

import psycopg
import pytest

from tests import factories

CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}


@pytest.fixture(autouse=True)
def _provider(provider):
    """Cards are exchanged at a payment provider."""


@pytest.fixture
def market(api):
    """A company with a shop and a product in stock, and a customer."""
    company = factories.make_company(allows_discount=False)
    shop = factories.make_shop(company)
    product = factories.make_product(shop)
    factories.put_stock(product, factories.make_warehouse(company), 10)
    customer = factories.make_user()
    return SimpleNamespace(
        company=company, shop=shop, product=product, customer=customer, api=api, buyer=api.acting_as(customer)
    )


@pytest.fixture
def order(market):
    """A good order's body."""
    return {
        "shop_id": str(market.shop.id),
        "lines": [{"product_id": str(market.product.id), "quantity": 2}],
        "shipping_address": {"name": "Ada", "line1": "1 Harbour Street", "city": "Antwerp", "country": "BE"},
        "payment": {"card": dict(CARD)},
    }


@pytest.fixture
def written(database):
    """How many rows the tables that an order writes to hold."""

    def count() -> int:
        tables = ("orders", "order_lines", "payments", "sagas", "idempotency_keys")
        with psycopg.connect(database) as connection:
            return sum(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)

    return count

"""The events that orders publish."""

import pytest

from domain.sales import order_status
from kit import clock, db
from tests import factories
from tests.factories import acting_for

TOTAL = {"amount": 3998, "currency": "EUR"}


@pytest.fixture
def product(database):
    company = factories.make_company()
    product = factories.make_product(factories.make_shop(company))
    factories.put_stock(product, factories.make_warehouse(company))
    return product


@pytest.fixture
def order(product):
    return factories.make_order(product, quantity=2)


def state(order, status):
    ids = {"order_id": str(order.id), "shop_id": str(order.shop_id), "customer_id": str(order.customer_id)}
    return {**ids, "status": status, "total": TOTAL}


def test_a_new_order_is_announced_with_its_lines(product, order, published):
    line = {
        "product_id": str(product.id), "sku": product.sku, "quantity": 2,
        "unit_price": {"amount": 1999, "currency": "EUR"},
    }  # fmt: skip
    placed_at = order.placed_at.isoformat().replace("+00:00", "Z")
    assert published("order.created") == [{**state(order, "pending"), "placed_at": placed_at, "lines": [line]}]


def test_a_paid_order_is_announced_as_completed(order, published):
    with db.transaction(acting_for(order)):
        order_status.mark_paid(order_ids=[order.id], now=clock.now())
    assert published("order.completed") == [state(order, "paid")]
    assert published.sequence(order.id) == [1, 2]


def test_a_cancelled_order_is_announced(order, published):
    with db.transaction(acting_for(order)):
        order_status.mark_cancelled(order_ids=[order.id], now=clock.now())
    assert published("order.cancelled") == [state(order, "cancelled")]


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (
            {"code": "out_of_stock", "step": "reserve_stock", "detail": "Ada's notebook is sold out"},
            {"reason": "out_of_stock", "step": "reserve_stock"},
        ),
        ({}, {"reason": None, "step": None}),
    ],
)
def test_a_failed_order_is_announced_with_the_reasons_code(order, published, failure, reason):
    with db.transaction(acting_for(order)):
        order_status.mark_failed(failures={order.id: failure}, now=clock.now())
    assert published("order.failed") == [{**state(order, "failed"), **reason}]

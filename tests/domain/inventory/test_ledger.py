"""The ledger and the stock level agree after concurrent operations."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from domain.inventory import reservations as inventory
from domain.inventory import stock_keeping
from domain.inventory.allocation import ReservationRequest
from domain.inventory.errors import OutOfStock, StockBelowReserved
from domain.sales import placement as sales
from domain.sales.new_order import LineRequest
from kit import clock, db
from kit.tenancy import Tenant
from tests import factories

ACTS = {"release": inventory.release, "commit": inventory.commit, "take_back": inventory.take_back}
ORDERS, UNITS = 3, 5
act = st.tuples(st.sampled_from(["reserve", "count", *ACTS]), st.integers(0, ORDERS - 1), st.integers(0, 6))

_STOCK_LEVELS = text("""
    SELECT s.on_hand, s.reserved,
        (SELECT coalesce(sum(m.quantity), 0) FROM stock_movements m WHERE m.product_id = s.product_id) AS moved,
        (SELECT coalesce(sum(r.quantity), 0) FROM reservations r
         WHERE r.product_id = s.product_id AND r.state = 'held') AS held
    FROM stock s WHERE s.product_id = :product""")


class StockInTest:
    """Five units in stock, and three orders of two units each that are about to reserve them."""

    def __init__(self):
        company = factories.make_company()
        shop, self.warehouse = factories.make_shop(company), factories.make_warehouse(company)
        self.product = factories.make_product(shop)
        factories.put_stock(self.product, self.warehouse, UNITS)
        self.tenant = Tenant(company_id=company.id)
        self.orders = [self.order(shop, factories.make_user()) for _ in range(ORDERS)]
        self.reserved = set()

    def order(self, shop, customer):
        with db.transaction(Tenant(company_id=shop.company_id, user_id=customer.id)):
            order = sales.place(
                company_id=shop.company_id, user_id=customer.id, shop_id=shop.id,
                lines=[LineRequest(self.product.id, 2)], discount_percent=0, shipping_address={}, now=clock.now(),
            )  # fmt: skip
        return order.id

    def act(self, name, which, units):
        """Do this for one of the orders, as its saga would: nothing is reserved twice."""
        if name == "reserve" and which in self.reserved:
            return
        with suppress(OutOfStock, StockBelowReserved), db.transaction(self.tenant):
            self.apply(name, self.orders[which], units)
            if name == "reserve":
                self.reserved.add(which)

    def apply(self, name, order_id, units):
        company_id, product_id = self.tenant.company_id, self.product.id
        if name == "reserve":
            request = ReservationRequest(order_id, {product_id: 2})
            for refusal in inventory.reserve(company_id=company_id, requests=[request]).values():
                raise refusal
        elif name == "count":
            stock_keeping.set_stock_level(
                company_id=company_id, product_id=product_id, warehouse_id=self.warehouse.id, on_hand=units
            )
        else:
            ACTS[name](order_ids=[order_id], company_id=company_id)

    def figures(self):
        with db.operator_transaction():
            session = db.session()
            return session.execute(_STOCK_LEVELS, {"product": self.product.id}).one()


@pytest.mark.usefixtures("database")
class TestLedger:
    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(acts=st.lists(act, max_size=12))
    def test_agrees_with_the_stock_after_every_operation(self, acts):
        stock = StockInTest()
        for each in acts:
            stock.act(*each)
            on_hand, reserved, moved, held = stock.figures()
            assert 0 <= reserved <= on_hand
            assert (on_hand, reserved) == (moved, held)

    @settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(acts=st.lists(act, min_size=6, max_size=18))
    def test_agrees_with_the_stock_after_concurrent_operations(self, acts):
        stock = StockInTest()
        by_order = [[each for each in acts if each[1] == which] for which in range(ORDERS)]
        with ThreadPoolExecutor(ORDERS) as pool:
            list(pool.map(lambda own: [stock.act(*each) for each in own], by_order))
        on_hand, reserved, moved, held = stock.figures()
        assert 0 <= reserved <= on_hand
        assert (on_hand, reserved) == (moved, held)

"""The numbers that people call orders by."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from domain.sales import queries
from kit import db
from kit.tenancy import Tenant
from tests import factories

AT_ONCE = 8


def make_product():
    company = factories.make_company()
    product = factories.make_product(factories.make_shop(company))
    factories.put_stock(product, factories.make_warehouse(company), 1000)
    return product


@pytest.mark.usefixtures("database")
class TestNumbers:
    def test_count_the_orders_of_a_company_in_the_month(self):
        product, other = make_product(), make_product()
        orders = [factories.make_order(each) for each in (product, product, other, product)]
        month = orders[0].placed_at.strftime("%y%m")
        assert [order.number for order in orders] == [f"{month}-{count}" for count in (1, 2, 1, 3)]

    def test_are_stored(self):
        order = factories.make_order(make_product())
        with db.transaction(Tenant(company_id=order.company_id)):
            assert queries.the_order(order_id=order.id).number == order.number

    def test_differ_for_orders_at_the_same_time(self):
        product = make_product()
        users = [factories.make_user() for _ in range(AT_ONCE)]
        barrier = Barrier(AT_ONCE, timeout=20)

        def place(user):
            with db.transaction(Tenant(company_id=product.company_id, user_id=user.id)):
                barrier.wait()
                return factories.place(product, user)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            numbers = [order.number for order in pool.map(place, users)]
        assert len(set(numbers)) == AT_ONCE

    def test_are_taken_from_the_first_shard_that_is_not_locked(self):
        product, user = make_product(), factories.make_user()
        factories.make_order(product)
        with ThreadPoolExecutor(1) as pool, db.transaction(factories.acting_for(product)):
            db.run(
                "SELECT FROM order_counts WHERE company_id = %(company)s FOR UPDATE", {"company": product.company_id}
            )
            numbers = [pool.submit(factories.make_order, product, customer=user).result(20).number for _ in range(2)]
            assert re.fullmatch(r"\d{4}-1A?[A-Z]", numbers[0])
            assert numbers[1] == numbers[0].replace("-1", "-2", 1)

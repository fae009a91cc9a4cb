"""Order totals in every currency can be charged, or the order is refused."""

from dataclasses import replace

import psycopg
import pytest
from psycopg.errors import CheckViolation

from domain.sales import placement as sales
from domain.sales import queries
from domain.sales.totals import Totals
from kit import clock, db
from kit.errors import Invalid
from kit.money import Money
from kit.tenancy import Tenant
from tests import factories


def product(currency, price):
    company = factories.make_company(currency=currency)
    found = factories.make_product(factories.make_shop(company), price=price, currency=currency)
    factories.put_stock(found, factories.make_warehouse(company), 10)
    return found


def placed(product, *, quantity=1, discount=0):
    customer = factories.make_user()
    with db.transaction(Tenant(company_id=product.company_id, user_id=customer.id)):
        return sales.place(
            company_id=product.company_id, user_id=customer.id, shop_id=product.shop_id,
            lines=[sales.LineRequest(product.id, quantity)], discount_percent=discount, shipping_address={},
            now=clock.now(),
        )  # fmt: skip


def allow_discounts(database, product, most=100):
    with psycopg.connect(database) as connection:
        change = "UPDATE companies SET max_discount_percent = %s WHERE id = %s"
        connection.execute(change, (most, product.company_id))


def refusal(product, **wanted):
    with pytest.raises(Invalid) as refused:
        placed(product, **wanted)
    return refused.value.fields


@pytest.mark.usefixtures("database")
class TestTotal:
    @pytest.mark.parametrize(
        ("currency", "price", "percent", "total"),
        [
            ("KWD", 1330, 5, 1260),  # 1263.5, and half up in the buyer's favour 1263
            ("TND", 10, 0, 10),
            ("MGA", 50_500, 1, 49_900),
            ("ISK", 1999, 10, 1799),
            ("EUR", 1999, 10, 1799),
        ],
    )
    def test_is_rounded_down_to_what_can_be_charged(self, currency, price, percent, total):
        order = placed(product(currency, price), discount=percent)
        assert (order.totals.items, order.total) == (price, total)

    def test_is_rounded_for_prices_older_than_the_charge_steps(self, database):
        found = product("KWD", 1330)
        with psycopg.connect(database) as connection:
            connection.execute("UPDATE products SET price = 1333 WHERE id = %s", (found.id,))
        order = placed(found, quantity=2)
        assert (order.lines[0].unit_price, order.totals.items, order.total) == (1333, 2666, 2660)

    @pytest.mark.parametrize(("currency", "price"), [("EUR", 49), ("EUR", 1), ("JPY", 49), ("HUF", 17499)])
    def test_is_refused_below_the_minimum_charge(self, currency, price):
        [message] = refusal(product(currency, price))["lines"]
        assert message.startswith(f"The total is {Money(price, currency)}, less than ")

    def test_can_be_the_minimum_charge(self):
        assert placed(product("EUR", 50)).total == 50
        assert placed(product("EUR", 10), quantity=5).total == 50

    def test_is_refused_if_the_discount_leaves_too_little(self, database):
        found = product("EUR", 100)
        allow_discounts(database, found)
        assert set(refusal(found, discount=51)) == set(refusal(found, discount=99)) == {"lines"}
        assert placed(found, discount=50).total == 50

    def test_can_be_zero(self, database):
        found = product("EUR", 100)
        allow_discounts(database, found)
        assert placed(found, discount=100).total == placed(product("KWD", 0)).total == 0

    @pytest.mark.parametrize("currency", ["ISK", "UGX"])
    def test_is_refused_if_stripe_needs_more_than_eight_digits(self, currency):
        found = product(currency, 500_000)
        assert placed(found).total == 500_000
        [message] = refusal(found, quantity=2)["lines"]
        assert message.startswith(f"The total is more than {Money(999_999, currency)}")


class TestTotalsByKind:
    """Frozen on the order, whose constraints keep the sum."""

    AGREED = Totals(items=10_000, discounts=1_500, shipping=490, fees=100, tax=1_727, tax_included=True)

    def test_sum_to_the_total_with_the_tax_included(self):
        assert self.AGREED.total == 9_090

    def test_sum_to_the_total_with_the_tax_added(self):
        assert replace(self.AGREED, tax_included=False).total == 10_817

    @pytest.mark.parametrize(
        ("state", "paid", "refunded", "due"),
        [
            ("pending", 0, 0, 9_090),
            ("placed", 5_000, 0, 4_090),
            ("placed", 9_090, 0, 0),
            ("placed", 9_090, 2_000, 0),
            ("placed", 9_100, 0, 0),
            ("cancelled", 9_090, 9_090, 0),
            ("failed", 0, 0, 0),
        ],
    )
    def test_leave_due_what_was_never_paid(self, state, paid, refunded, due):
        assert replace(self.AGREED, paid=paid, refunded=refunded).due(state) == due

    def test_are_stored_with_the_discount(self, database):
        order = placed(product("EUR", 1999), quantity=2, discount=10)
        with db.transaction(Tenant(company_id=order.company_id)):
            stored = queries.the_order(order_id=order.id)
            assert stored.totals == order.totals
            assert (stored.totals.items, stored.totals.discounts, stored.total) == (3998, 400, 3598)

    @pytest.mark.parametrize(
        "change",
        [
            "total = total - 1", "discounts = discounts + 1", "shipping = 490", "tax_included = false, tax = 1",
            "shipping = -1, total = total - 1", "discounts = -1, total = total + 1", "refunded = 1",
            "discounts = subtotal + 1, total = -1",
        ],
    )  # fmt: skip
    def test_are_not_changed_by_one_part_alone(self, database, change):
        order = placed(product("EUR", 1999))
        with psycopg.connect(database) as connection, pytest.raises(CheckViolation):
            connection.execute(f"UPDATE orders SET {change} WHERE id = %s", [order.id])

    def test_are_set_for_an_order_of_the_previous_release(self, database):
        order = placed(product("EUR", 1999))
        with psycopg.connect(database) as connection:
            connection.execute(OF_PREVIOUS_RELEASE, [order.id])
            found = connection.execute("SELECT discounts, total FROM orders WHERE id = %s", [order.id])
            assert found.fetchone() == (499, 1500)


OF_PREVIOUS_RELEASE = """
    WITH earlier AS (DELETE FROM orders WHERE id = %s RETURNING *)
    INSERT INTO orders (id, company_id, shop_id, customer_id, customer_email, customer_name, status, currency, subtotal,
        discount_percent, total, shipping_address, version, placed_at, changed_at)
    SELECT id, company_id, shop_id, customer_id, customer_email, customer_name, status, currency, subtotal,
        25, 1500, shipping_address, version, placed_at, changed_at FROM earlier"""

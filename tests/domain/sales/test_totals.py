"""Order totals in every currency can be charged, or the order is refused."""

import psycopg
import pytest

from domain.sales import placement as sales
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
        assert (order.subtotal, order.total) == (price, total)

    def test_is_rounded_for_prices_older_than_the_charge_steps(self, database):
        found = product("KWD", 1330)
        with psycopg.connect(database) as connection:
            connection.execute("UPDATE products SET price = 1333 WHERE id = %s", (found.id,))
        order = placed(found, quantity=2)
        assert (order.lines[0].unit_price, order.subtotal, order.total) == (1333, 2666, 2660)

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

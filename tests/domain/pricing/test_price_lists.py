"""Price lists: which price applies for whom, where, when and in which quantity."""

from datetime import timedelta

import psycopg
import pytest

from domain.catalogue import products
from domain.customers import groups
from domain.pricing import price_lists, quotes
from domain.pricing.errors import PriceListChanged
from domain.pricing.models import BasePrice, ListPrice, PriceList
from domain.pricing.price_lists import ListPriceRequest
from kit import clock, db
from kit.errors import Invalid
from kit.ids import new_id
from kit.money import Money
from tests import factories
from tests.factories import acting_for

HOUR = timedelta(hours=1)


@pytest.fixture
def product(company, shop):
    product = factories.make_product(shop, price=1000)
    factories.put_stock(product, factories.make_warehouse(company), 500)
    return product


def make_list(product, price, *, min_quantity=1, now=None, **values):
    now = now or clock.now()
    with db.transaction(acting_for(product)):
        made = price_lists.create(company_id=product.company_id, name="List", now=now, **values)
        entry = ListPriceRequest(product.id, min_quantity, Money(price, "EUR"))
        price_lists.set_prices(price_list_id=made.id, prices=[entry], now=now)
        return made


def set_price(product, price_list, price, **kwargs):
    with db.transaction(acting_for(product)):
        entry = ListPriceRequest(product.id, 1, price and Money(price, "EUR"))
        return price_lists.set_prices(price_list_id=price_list.id, prices=[entry], now=clock.now(), **kwargs)


def quote(product, quantity=1, **kwargs):
    with db.transaction(acting_for(product)):
        values = {"shop_id": product.shop_id, "now": clock.now(), **kwargs}
        return quotes.quote(quantities={product.id: quantity}, **values)[product.id]


def cost(product, *args, **kwargs):
    return quote(product, *args, **kwargs).price.amount


class TestQuote:
    def test_is_the_base_price_without_a_list(self, product):
        quoted = quote(product)
        assert (quoted.price, quoted.price_list_id, quoted.is_sale) == (Money(1000, "EUR"), None, False)

    def test_says_which_list_it_is_from(self, product):
        price_list = make_list(product, 900)
        quoted = quote(product)
        assert (quoted.price.amount, quoted.base_price.amount, quoted.price_list_id) == (900, 1000, price_list.id)

    def test_depends_on_the_shop(self, product, company):
        other = factories.make_shop(company)
        make_list(product, 900, shop_id=other.id)
        assert (cost(product), cost(product, shop_id=other.id)) == (1000, 900)

    def test_depends_on_the_group_of_the_customer(self, product, company):
        customer, _, group = factories.make_customer_in_group(company)
        make_list(product, 900, group_id=group.id)
        assert (cost(product), cost(product, customer_id=customer.id)) == (1000, 900)
        with db.transaction(acting_for(company)):
            groups.assign(customer_id=customer.id, group_ids=[])
        assert cost(product, customer_id=customer.id) == 1000

    def test_depends_on_the_quantity(self, product):
        make_list(product, 900, min_quantity=10)
        assert [cost(product, quantity) for quantity in (9, 10, 11)] == [1000, 900, 900]

    def test_begins_and_ends_at_its_minute(self, product):
        begins = clock.now() + HOUR
        make_list(product, 900, starts_at=begins, ends_at=begins + HOUR)
        moments = [begins - timedelta(microseconds=1), begins, begins + HOUR]
        assert [cost(product, now=at) for at in moments] == [1000, 900, 1000]

    def test_is_from_the_list_with_the_highest_priority_and_then_the_newest(self, product):
        make_list(product, 900, priority=5)
        make_list(product, 800)
        make_list(product, 700, priority=5)
        assert cost(product) == 700

    def test_is_the_old_price_before_a_change(self, product):
        price_list = make_list(product, 900)
        before = clock.now()
        set_price(product, price_list, 850)
        set_price(product, price_list, None)
        assert (cost(product, now=before), cost(product)) == (900, 1000)

    def test_of_a_sale_has_the_lowest_price_before(self, product):
        make_list(product, 950)
        make_list(product, 800, is_sale=True, priority=1)
        quoted = quote(product)
        assert (quoted.is_sale, quoted.lowest_price_before) == (True, Money(950, "EUR"))

    def test_of_many_variants_takes_two_statements(self, product, shop, monkeypatch):
        others = [factories.make_product(shop) for _ in range(5)]
        for each in others:
            make_list(each, 100, is_sale=True)
        counted = []
        real = psycopg.Cursor.execute
        with db.transaction(acting_for(product)):
            db.run("SELECT 1", {})
            monkeypatch.setattr(
                psycopg.Cursor, "execute", lambda self, *args, **named: counted.append(1) or real(self, *args, **named)
            )
            quotes.quote(shop_id=shop.id, quantities={each.id: 1 for each in others}, now=clock.now())
        assert len(counted) == 2


class TestOrders:
    def test_take_the_price_of_the_list_and_keep_it(self, product):
        price_list = make_list(product, 900, min_quantity=2)
        orders = [factories.make_order(product, quantity) for quantity in (1, 2)]
        with db.transaction(acting_for(product)):
            now = clock.now()
            price_lists.change(price_list_id=price_list.id, ends_at=now, now=now)
        orders.append(factories.make_order(product, 2))
        assert [order.lines[0].unit_price for order in orders] == [1000, 900, 1000]

    def test_take_the_price_of_the_buyers_group(self, product, company):
        user = factories.make_user()
        customer_id = factories.make_customer(company, user)
        with db.transaction(acting_for(company)):
            group = groups.create(company_id=company.id, name="Wholesale")
            groups.assign(customer_id=customer_id, group_ids=[group.id])
        make_list(product, 500, group_id=group.id)
        assert factories.make_order(product, customer=user).lines[0].unit_price == 500
        assert factories.make_order(product).lines[0].unit_price == 1000


class TestGroups:
    def test_take_their_price_lists_with_them(self, product, company):
        customer, _, group = factories.make_customer_in_group(company)
        make_list(product, 900, group_id=group.id)
        with db.transaction(acting_for(company)):
            groups.remove(group_id=group.id)
        assert cost(product, customer_id=customer.id) == 1000
        with db.transaction(acting_for(company)):
            assert db.session().query(PriceList).all() == []


class TestHistory:
    def test_keeps_each_base_price_once(self, product):
        with db.transaction(acting_for(product)):
            products.change_product(product_id=product.id, price=Money(1100, "EUR"))
        with db.transaction(acting_for(product)):
            products.change_product(product_id=product.id, name="Diary")
        with db.transaction(acting_for(product)):
            kept = db.session().query(BasePrice).order_by(BasePrice.changed_at)
            assert [row.price for row in kept] == [1000, 1100]

    def test_keeps_each_price_of_a_list(self, product):
        price_list = make_list(product, 900)
        for price in (900, 850, None):
            set_price(product, price_list, price)
        with db.transaction(acting_for(product)):
            kept = db.session().query(ListPrice).order_by(ListPrice.valid_from).all()
        assert [row.price for row in kept] == [900, 850]
        assert all(row.valid_until is not None for row in kept)


class TestChanges:
    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"shop_id": new_id()}, "shop_id"),
            ({"group_id": new_id()}, "group_id"),
            ({"starts_at": clock.now() - HOUR}, "starts_at"),
            ({"ends_at": clock.now() - HOUR}, "ends_at"),
        ],
    )
    def test_name_the_field_that_is_wrong(self, product, values, field):
        with pytest.raises(Invalid) as refusal:
            make_list(product, 900, **values)
        assert list(refusal.value.fields) == [field]

    @pytest.mark.parametrize("values", [{"starts_at": clock.now() + 9 * HOUR}, {"ends_at": clock.now() - HOUR}])
    def test_do_not_rewrite_the_past(self, product, values):
        price_list = make_list(product, 900)
        with db.transaction(acting_for(product)), pytest.raises(Invalid) as refusal:
            price_lists.change(price_list_id=price_list.id, now=clock.now(), **values)
        assert refusal.value.fields.keys() == values.keys()

    def test_refuse_unknown_variants_and_repeated_quantities(self, product):
        price_list = make_list(product, 900)
        wrong = [ListPriceRequest(new_id(), 1, None), *[ListPriceRequest(product.id, 1, Money(1, "USD"))] * 2]
        with db.transaction(acting_for(product)), pytest.raises(Invalid) as refusal:
            price_lists.set_prices(price_list_id=price_list.id, prices=wrong, now=clock.now())
        assert refusal.value.fields.keys() == {
            "prices.0.variant_id", "prices.1.price.currency", "prices.2.price.currency", "prices.2.min_quantity",
        }  # fmt: skip

    def test_refuse_an_old_version(self, product):
        price_list = make_list(product, 900)
        with pytest.raises(PriceListChanged):
            set_price(product, price_list, 1, expected_versions={1})

    def test_are_announced(self, product, published):
        price_list = make_list(product, 900)
        set_price(product, price_list, 900)
        with db.transaction(acting_for(product)):
            price_lists.change(price_list_id=price_list.id, name="Summer", now=clock.now())
        of_list = {"price_list_id": str(price_list.id)}
        assert published("price_list.created") == [{**of_list, "version": 1}]
        assert published("price_list.prices_changed") == [{**of_list, "version": 2, "variant_ids": [str(product.id)]}]
        assert published("price_list.updated") == [{**of_list, "version": 3, "changed": ["name"]}]

"""Creating products and changing their prices."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.catalogue import products
from domain.catalogue.errors import ProductChanged, ProductNotFound
from kit import db
from kit.errors import Invalid
from kit.money import Money
from tests import factories
from tests.factories import acting_for


@pytest.fixture
def product(database):
    return factories.make_product(factories.make_shop(factories.make_company()))


def change(product, **changes):
    with db.transaction(acting_for(product)):
        return products.change_product(product_id=product.id, **changes)


class TestCreateProduct:
    def test_refuses_another_currency_than_the_companys(self, database):
        shop = factories.make_shop(factories.make_company(currency="EUR"))
        with pytest.raises(Invalid) as refusal:
            factories.make_product(shop, currency="USD")
        assert refusal.value.fields == {"price.currency": ["Your company sells in EUR."]}

    @pytest.mark.parametrize(
        ("currency", "price", "said"),
        [
            ("KWD", 1333, "Cards can only be charged multiples of KWD0.010."),
            ("MGA", 150, "Cards can only be charged multiples of MGA1.00."),
            ("ISK", 1_000_000, "Must be at most ISK999,999."),
        ],
    )
    def test_refuses_a_price_that_cannot_be_charged(self, database, currency, price, said):
        shop = factories.make_shop(factories.make_company(currency=currency))
        with pytest.raises(Invalid) as refusal:
            factories.make_product(shop, price=price, currency=currency)
        assert refusal.value.fields == {"price.amount": [said]}

    def test_takes_a_price_that_only_several_can_be_bought_at(self, database):
        shop = factories.make_shop(factories.make_company())
        assert factories.make_product(shop, price=1).price == 1


class TestChange:
    def test_refuses_a_price_that_cannot_be_charged(self, database):
        product = factories.make_product(
            factories.make_shop(factories.make_company(currency="TND")), price=1000, currency="TND"
        )
        with pytest.raises(Invalid) as refusal:
            change(product, price=Money(1001, "TND"))
        assert list(refusal.value.fields) == ["price.amount"]
        assert change(product, price=Money(1010, "TND")).price == 1010

    def test_counts_versions(self, product):
        assert [change(product, price=Money(price, "EUR")).version for price in (1, 2, 2, 3)] == [2, 3, 3, 4]

    def test_lets_one_of_several_through_that_read_the_same_version(self, product):
        def attempt(price: int) -> bool:
            try:
                change(product, price=Money(price, "EUR"), expected_versions={1})
            except ProductChanged:
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(attempt, range(4))) == 1

    def test_refuses_another_companys_product(self, product):
        with db.transaction(acting_for(factories.make_company())), pytest.raises(ProductNotFound):
            products.change_product(product_id=product.id, name="Mine")

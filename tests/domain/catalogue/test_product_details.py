"""When products are sold, in which quantities, and under which names."""

from datetime import timedelta

import pytest

from domain.catalogue import products, queries, slugs
from domain.catalogue.errors import ExternalIdTaken, ProductNotFound, SlugTaken
from kit import clock, db
from kit.errors import Invalid
from tests import factories
from tests.factories import acting_for

HOUR = timedelta(hours=1)


@pytest.fixture
def product(company, shop):
    product = factories.make_product(shop)
    factories.put_stock(product, factories.make_warehouse(company))
    return product


def change(product, **values):
    with db.transaction(acting_for(product)):
        return products.change_product(product_id=product.id, **values)


class TestSale:
    @pytest.mark.parametrize(
        ("values", "is_on_sale"),
        [
            ({}, True),
            ({"status": "draft"}, False),
            ({"status": "archived"}, False),
            ({"publish_at": -HOUR, "unpublish_at": HOUR}, True),
            ({"publish_at": HOUR}, False),
            ({"unpublish_at": -HOUR}, False),
        ],
    )
    def test_is_the_same_for_readers_and_orders(self, shop, product, values, is_on_sale):
        now = clock.now()
        change(product, **{name: now + at if isinstance(at, timedelta) else at for name, at in values.items()})
        with db.transaction(acting_for(product)):
            listed = queries.products(shop_id=shop.id, on_sale_at=now, limit=9).data
            assert [each.id for each in listed] == ([product.id] if is_on_sale else [])
        if is_on_sale:
            factories.make_order(product)
        else:
            with pytest.raises(Invalid) as refusal:
                factories.make_order(product)
            assert list(refusal.value.fields) == ["lines.0.product_id"]
            with db.transaction(acting_for(product)), pytest.raises(ProductNotFound):
                queries.the_product_on_sale(product_id=product.id, shop_id=shop.id, now=now)

    def test_begins_and_ends_at_its_minute(self, shop, product):
        begins = clock.now()
        change(product, publish_at=begins, unpublish_at=begins + HOUR)
        with db.transaction(acting_for(product)):
            on_sale = [
                bool(queries.products(shop_id=shop.id, on_sale_at=at, limit=9).data)
                for at in (begins - timedelta(microseconds=1), begins, begins + HOUR)
            ]
        assert on_sale == [False, True, False]


class TestQuantities:
    @pytest.mark.parametrize(
        ("quantity", "said"),
        [(2, "Order at least 4."), (7, "Order a multiple of 2."), (9, "Order at most 8."), (4, None), (8, None)],
    )
    def test_bind_orders(self, product, quantity, said):
        change(product, min_quantity=4, max_quantity=8, quantity_step=2)
        if said is None:
            factories.make_order(product, quantity)
        else:
            with pytest.raises(Invalid) as refusal:
                factories.make_order(product, quantity)
            assert refusal.value.fields == {"lines.0.quantity": [said]}

    def test_are_compared_with_what_is_stored(self, product):
        change(product, min_quantity=4)
        with pytest.raises(Invalid) as refusal:
            change(product, max_quantity=3)
        assert list(refusal.value.fields) == ["max_quantity"]

    def test_of_time_are_in_order(self, product):
        with pytest.raises(Invalid) as refusal:
            change(product, publish_at=clock.now(), unpublish_at=clock.now() - HOUR)
        assert list(refusal.value.fields) == ["unpublish_at"]


class TestNames:
    def test_that_were_replaced_lead_to_the_product(self, product):
        change(product, slug="notebook")
        change(product, slug="diary")
        with db.transaction(acting_for(product)):
            assert {slugs.product_with(slug=slug) for slug in ("notebook", "diary")} == {product.id}
            assert slugs.product_with(slug="pen") is None
        assert change(product, slug="notebook").slug == "notebook"

    def test_are_not_given_to_another_product(self, shop, product):
        change(product, slug="notebook", external_id="4711")
        change(product, slug="diary")
        other = factories.make_product(shop)
        with pytest.raises(SlugTaken):
            change(other, slug="notebook")
        with pytest.raises(ExternalIdTaken):
            change(other, external_id="4711")

    def test_are_free_in_another_company(self, product, database):
        change(product, slug="notebook", external_id="4711")
        other = factories.make_product(factories.make_shop(factories.make_company()))
        assert change(other, slug="notebook", external_id="4711").slug == "notebook"

"""Variants of products, and the shops that sell them."""

from dataclasses import replace

import psycopg
import pytest

from domain.catalogue import listings, queries, variants
from domain.catalogue.errors import ProductChanged, ProductNotFound, SkuTaken, VariantInUse, VariantNotFound
from domain.catalogue.variant_rules import Option, VariantRequest
from domain.sales import placement
from domain.sales.placement import LineRequest
from domain.shops import shop_lifecycle
from domain.shops.errors import ShopClosed, ShopNotFound
from kit import clock, db
from kit.errors import Invalid
from kit.ids import new_id
from kit.money import Money
from kit.tenancy import Tenant
from tests import factories
from tests.api.sales.policy import ADDRESS
from tests.factories import acting_for

SIZE = Option("Size", ["A5", "A4"])


def variant(sku, size, price=450, **values):
    return VariantRequest(sku=sku, price=Money(price, "EUR"), options={"Size": size}, **values)


@pytest.fixture
def other_shop(company):
    return factories.make_shop(company)


@pytest.fixture
def first(product):
    return variant(product.sku, "A5")


def set_variants(product, *wanted, options=(SIZE,), **kwargs):
    with db.transaction(acting_for(product)):
        return variants.set_variants(product_id=product.id, options=options, variants=wanted, **kwargs)


def stored(product):
    with db.transaction(acting_for(product)):
        return {each.sku: each for each in queries.variants(product_id=product.id, limit=100).data}


class TestSetVariants:
    def test_keeps_the_ids_of_known_skus(self, product, first):
        set_variants(product, first, variant("a4", "A4"))
        before = stored(product)
        set_variants(product, variant("a4", "A5", 500), replace(first, options={"Size": "A4"}))
        after = stored(product)
        assert {sku: each.id for sku, each in after.items()} == {sku: each.id for sku, each in before.items()}
        assert (after["a4"].title, after["a4"].price, after["a4"].position) == ("A5", 500, 0)
        assert after[product.sku].id == product.id

    def test_gives_the_product_the_price_of_its_first_variant(self, product, first):
        set_variants(product, replace(first, price=Money(300, "EUR"), low_stock_threshold=4))
        with db.transaction(acting_for(product)):
            changed = queries.the_product(product_id=product.id)
            assert (changed.price, changed.low_stock_threshold, changed.version) == (300, 4, 2)

    def test_removes_what_is_left_out(self, product, first):
        set_variants(product, first, variant("a4", "A4"))
        set_variants(product, first)
        assert list(stored(product)) == [product.sku]

    def test_can_keep_what_is_left_out(self, product, first):
        set_variants(product, first, variant("a4", "A4"))
        letter = Option("Size", ["A5", "A4", "Letter"])
        set_variants(product, variant("letter", "Letter"), options=[letter], partial=True)
        assert {sku: each.position for sku, each in stored(product).items()} == {product.sku: 0, "a4": 1, "letter": 2}

    def test_refuses_more_than_2000_variants(self, product, first):
        values = [f"{number}" for number in range(2001)]
        many = [variant(product.sku if value == "0" else f"v{value}", value) for value in values]
        with pytest.raises(Invalid) as refusal:
            set_variants(product, *many, options=[Option("Size", values)])
        assert list(refusal.value.fields) == ["variants"]

    def test_refuses_to_remove_a_variant_in_stock(self, product, first, company):
        set_variants(product, first, variant("a4", "A4"))
        factories.put_stock(stored(product)["a4"], factories.make_warehouse(company))
        with pytest.raises(VariantInUse):
            set_variants(product, first)
        assert "a4" in stored(product)

    def test_makes_no_version_when_nothing_changes(self, product, first):
        assert set_variants(product, first, variant("a4", "A4")).version == 2
        assert set_variants(product, first, variant("a4", "A4")).version == 2

    def test_refuses_a_sku_of_another_product(self, product, first, shop):
        other = factories.make_product(shop)
        with pytest.raises(SkuTaken):
            set_variants(product, first, variant(other.sku, "A4"))

    def test_refuses_an_old_version(self, product, first):
        with pytest.raises(ProductChanged):
            set_variants(product, first, expected_versions={7})

    def test_refuses_a_product_of_another_shop(self, product, first):
        with pytest.raises(ProductNotFound):
            set_variants(product, first, shop_id=new_id())

    @pytest.mark.parametrize(
        ("options", "wanted", "path"),
        [
            ((SIZE, SIZE), [], "options.1.name"),
            ((Option("Size", ["A5", "A5"]),), [], "options.0.values.1"),
            ((SIZE,), [variant("a4", "A4"), variant("a4", "A5")], "variants.1.sku"),
            ((SIZE,), [variant("a4", "A4"), variant("b4", "A4")], "variants.1.options"),
            ((SIZE,), [variant("a4", "A3")], "variants.0.options.Size"),
            ((), [variant("a4", "A4")], "variants.0.options.Size"),
            ((SIZE, Option("Colour", ["red"])), [variant("a4", "A4")], "variants.0.options"),
            ((SIZE,), [variant("a4", "A4")], "variants"),
            ((SIZE,), [replace(variant("a4", "A4"), price=Money(1, "USD"))], "variants.0.price.currency"),
        ],
    )
    def test_names_the_field_that_is_wrong(self, product, options, wanted, path):
        with pytest.raises(Invalid) as refusal:
            set_variants(product, *wanted, options=options)
        assert path in refusal.value.fields
        assert list(stored(product)) == [product.sku]

    def test_announces_each_new_price(self, product, first, published):
        set_variants(product, first, variant("a4", "A4", 700))
        set_variants(product, first, variant("a4", "A4", 800))
        assert [event["changed"] for event in published("product.updated")] == [["options", "variants"], ["variants"]]
        assert [(event["variant_id"], event["price"]["amount"]) for event in published("product.price_changed")] == [
            (str(product.id), 450),
            (str(stored(product)["a4"].id), 800),
        ]


class TestManyVariants:
    @pytest.fixture
    def statements(self, monkeypatch):
        counted = []
        real = psycopg.Cursor.execute
        monkeypatch.setattr(
            psycopg.Cursor, "execute", lambda self, *args, **named: counted.append(1) or real(self, *args, **named)
        )
        return counted

    def test_take_as_many_statements_as_few(self, product, statements):
        spent = []
        for number in (2, 5, 250):  # the first time, connections are opened
            values = [f"{value}" for value in range(number)]
            wanted = [variant(product.sku if value == "0" else f"v{value}", value) for value in values]
            dearer = [replace(each, price=Money(500 + number, "EUR")) for each in wanted]
            for these in (wanted, dearer):
                before = len(statements)
                set_variants(product, *these, options=[Option("Size", values)])
                spent.append(len(statements) - before)
            set_variants(product, wanted[0], options=[Option("Size", values)])
        assert spent[2:4] == spent[4:]
        assert max(spent) <= 8


class TestChangeVariant:
    @pytest.fixture
    def second(self, product, first):
        set_variants(product, first, variant("a4", "A4"))
        return stored(product)["a4"]

    def change(self, product, variant_id, **values):
        with db.transaction(acting_for(product)):
            return variants.change_variant(product_id=product.id, variant_id=variant_id, **values)

    def test_changes_what_is_given(self, product, second):
        changed = self.change(product, second.id, weight_grams=120, price=Money(999, "EUR"))
        assert (changed.weight_grams, changed.price, changed.sku) == (120, 999, "a4")
        assert set(stored(product)) == {product.sku, "a4"}

    def test_of_the_first_variant_changes_the_product(self, product, second):
        self.change(product, product.id, price=Money(1, "EUR"))
        with db.transaction(acting_for(product)):
            assert queries.the_product(product_id=product.id).price == 1

    def test_refuses_a_variant_of_another_product(self, product, shop):
        other = factories.make_product(shop)
        with pytest.raises(VariantNotFound):
            self.change(product, other.id, weight_grams=1)

    def test_refuses_a_price_that_cannot_be_charged(self, product, second):
        with pytest.raises(Invalid) as refusal:
            self.change(product, second.id, price=Money(1, "USD"))
        assert list(refusal.value.fields) == ["price.currency"]


class TestOrders:
    def place(self, shop, variant_id):
        user = factories.make_user()
        with db.transaction(Tenant(company_id=shop.company_id, user_id=user.id)):
            return placement.place(
                company_id=shop.company_id, user_id=user.id, shop_id=shop.id, lines=[LineRequest(variant_id, 1)],
                discount_percent=0, shipping_address=ADDRESS, now=clock.now(),
            )  # fmt: skip

    def test_name_the_variant_and_its_price(self, product, first, company, shop):
        set_variants(product, first, variant("a4", "A4", 700))
        second = stored(product)["a4"]
        factories.put_stock(second, factories.make_warehouse(company))
        (line,) = self.place(shop, second.id).lines
        assert (line.product_id, line.sku, line.name, line.unit_price) == (second.id, "a4", "Notebook, A4", 700)

    def test_are_taken_in_the_shops_that_sell_the_product(self, product, company, other_shop):
        factories.put_stock(product, factories.make_warehouse(company))
        with pytest.raises(Invalid):
            self.place(other_shop, product.id)
        with db.transaction(acting_for(product)):
            listings.list_product(product_id=product.id, shop_id=other_shop.id)
        assert self.place(other_shop, product.id).shop_id == other_shop.id
        with db.transaction(acting_for(product)):
            listings.unlist_product(product_id=product.id, shop_id=other_shop.id)
        with pytest.raises(Invalid):
            self.place(other_shop, product.id)


class TestListings:
    def test_announce_what_has_changed(self, product, other_shop, published):
        for _ in range(2):
            with db.transaction(acting_for(product)):
                listings.list_product(product_id=product.id, shop_id=other_shop.id)
        for _ in range(2):
            with db.transaction(acting_for(product)):
                listings.unlist_product(product_id=product.id, shop_id=other_shop.id)
        ids = {"product_id": str(product.id), "shop_id": str(other_shop.id)}
        assert published("product.listed") == [{**ids, "version": 2}]
        assert published("product.unlisted") == [{**ids, "version": 3}]

    def test_refuse_a_shop_of_another_company(self, product):
        foreign = factories.make_shop(factories.make_company())
        with db.transaction(acting_for(product)), pytest.raises(ShopNotFound):
            listings.list_product(product_id=product.id, shop_id=foreign.id)

    def test_refuse_a_closed_shop(self, product, other_shop):
        with db.transaction(acting_for(other_shop)):
            shop_lifecycle.close(shop_id=other_shop.id, now=clock.now())
        with db.transaction(acting_for(product)), pytest.raises(ShopClosed):
            listings.list_product(product_id=product.id, shop_id=other_shop.id)

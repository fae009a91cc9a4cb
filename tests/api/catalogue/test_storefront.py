"""What a shop shows the world: only what it sells now, and nothing that only members may see."""

from datetime import timedelta

import pytest

from domain.catalogue import categories, products, variants
from domain.catalogue.variant_rules import Option, VariantRequest
from domain.pricing import price_lists
from domain.pricing.price_lists import ListPriceRequest
from domain.shops import shop_lifecycle
from kit import clock, db
from kit.money import Money
from tests import factories
from tests.factories import acting_for

STAFF_ONLY = {
    "external_id",
    "low_stock_threshold",
    "version",
    "created_at",
    "shop_id",
    "company_id",
    "status",
    "hs_code",
}
PATH = "/api/storefront/harbour"


def change_shop(shop, **values):
    with db.transaction(acting_for(shop)):
        shop_lifecycle.change(shop_id=shop.id, **values)


def change_product(product, **values):
    with db.transaction(acting_for(product)):
        products.change_product(product_id=product.id, **values)


@pytest.fixture
def shop(company):
    shop = factories.make_shop(company)
    change_shop(shop, slug="harbour")
    return shop


@pytest.fixture
def product(shop):
    product = factories.make_product(shop, price=1000)
    change_product(product, slug="notebook", external_id="4711", brand="Paper")
    return product


def names_in(value):
    """All keys of objects in a JSON value."""
    if isinstance(value, dict):
        return set(value).union(*map(names_in, value.values()))
    return set().union(*map(names_in, value)) if isinstance(value, list) else set()


class TestShop:
    def test_is_shown_with_its_locations(self, api, shop):
        location = factories.make_location(shop, opening_hours="Mo-Fr 09:00-18:00")
        answer = api.get(PATH)
        assert (answer.status_code, answer.json["name"]) == (200, shop.name)
        assert answer.json["locations"][0]["opening_hours"] == location.opening_hours

    def test_is_hidden_without_a_slug_and_once_it_is_closed(self, api, shop, product):
        assert api.get("/api/storefront/nowhere").json["code"] == "shop_not_found"
        with db.transaction(acting_for(shop)):
            shop_lifecycle.close(shop_id=shop.id, now=clock.now())
        for path in (PATH, f"{PATH}/products", f"{PATH}/products/notebook"):
            assert api.get(path).status_code == 404

    def test_has_a_slug_of_its_own(self, api, company, shop):
        other = factories.make_company()
        admin = api.acting_as(factories.make_member(other), other)
        answer = admin.post("/api/shops", {"name": "Mine", "slug": "harbour"})
        assert (answer.status_code, answer.json["code"]) == (409, "shop_slug_taken")


class TestProducts:
    def test_are_those_on_sale_in_the_shop(self, api, company, shop, product):
        factories.make_product(factories.make_shop(company))
        factories.make_product(factories.make_shop(factories.make_company()))
        change_product(factories.make_product(shop), status="draft")
        change_product(factories.make_product(shop), publish_at=clock.now() + timedelta(hours=1))
        (row,) = api.get(f"{PATH}/products").json["data"]
        assert (row["id"], row["slug"], row["price"]["amount"]) == (str(product.id), "notebook", 1000)

    def test_are_paged(self, api, shop, product):
        factories.make_product(shop)
        page = api.get(f"{PATH}/products?limit=1").json
        assert len(api.get(f"{PATH}/products?limit=1&after={page['next']}").json["data"]) == 1
        assert api.get(f"{PATH}/products?limit=x").json["errors"][0]["path"] == "limit"

    def test_show_nothing_for_members_only(self, api, product):
        shown = names_in(api.get(f"{PATH}/products").json) | names_in(api.get(f"{PATH}/products/notebook").json)
        assert shown & STAFF_ONLY == set()

    def test_are_stored_by_caches_until_they_change(self, api, product):
        first = api.get(f"{PATH}/products")
        assert first.headers["Cache-Control"] == "public, max-age=60"
        again = api.get(f"{PATH}/products", headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304
        change_product(product, price=Money(1100, "EUR"))
        assert api.get(f"{PATH}/products", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


class TestProduct:
    @pytest.mark.parametrize("missing", ["pen", "01a1f9fb-f0a3-7411-8c5b-3f1d6a52c0de", "%00", "a" * 3000])
    def test_is_not_found_by_another_name(self, api, product, missing):
        answer = api.get(f"{PATH}/products/{missing}")
        assert (answer.status_code, answer.json["code"]) == (404, "product_not_found")
        assert api.get(f"/api/storefront/{missing}").json["code"] == "shop_not_found"

    def test_redirects_from_an_old_slug(self, api, product):
        change_product(product, slug="diary")
        answer = api.get(f"{PATH}/products/notebook")
        assert (answer.status_code, answer.headers["Location"]) == (301, f"{PATH}/products/diary")
        assert api.get(f"{PATH}/products/diary").json["id"] == str(product.id)
        assert api.get(f"{PATH}/products/{product.id}").json["slug"] == "diary"

    def test_is_hidden_from_a_shop_that_does_not_sell_it(self, api, company, product):
        change_shop(factories.make_shop(company), slug="quay")
        assert api.get("/api/storefront/quay/products/notebook").status_code == 404

    def test_has_variants_with_prices_and_stock(self, api, company, product):
        second = VariantRequest(sku="a4", price=Money(1500, "EUR"), options={"Size": "A4"})
        first = VariantRequest(sku=product.sku, price=Money(1000, "EUR"), options={"Size": "A5"},
            content_amount=200, content_unit="g",
        )  # fmt: skip
        with db.transaction(acting_for(product)):
            variants.set_variants(
                product_id=product.id, options=[Option("Size", ["A4", "A5"])], variants=[second, first]
            )
        factories.put_stock(product, factories.make_warehouse(company), 7)
        shown = api.get(f"{PATH}/products/notebook").json
        assert [(row["sku"], row["price"]["amount"]) for row in shown["variants"]] == [
            ("a4", 1500), (product.sku, 1000),
        ]  # fmt: skip
        per_kilogram = {"price": {"amount": 5000, "currency": "EUR"}, "unit": "kg"}
        assert [row["unit_price"] for row in shown["variants"]] == [None, per_kilogram]
        assert [row["availability"]["in_stock"] for row in shown["variants"]] == [False, True]

    @pytest.mark.parametrize(
        ("display", "units", "shown"),
        [
            ("in_stock", 3, {"in_stock": True, "few_left": None, "units": None}),
            ("few_left", 3, {"in_stock": True, "few_left": True, "units": None}),
            ("few_left", 9, {"in_stock": True, "few_left": False, "units": None}),
            ("exact", 3, {"in_stock": True, "few_left": None, "units": 3}),
        ],
    )
    def test_shows_the_stock_as_the_shop_wants(self, api, company, shop, product, display, units, shown):
        change_shop(shop, stock_display=display)
        factories.put_stock(product, factories.make_warehouse(company), units)
        assert api.get(f"{PATH}/products/notebook").json["variants"][0]["availability"] == shown

    def test_in_a_sale_has_the_lowest_price_before(self, api, product):
        with db.transaction(acting_for(product)):
            sale = price_lists.create(company_id=product.company_id, name="Sale", is_sale=True, now=clock.now())
            entry = ListPriceRequest(product.id, 1, Money(800, "EUR"))
            price_lists.set_prices(price_list_id=sale.id, prices=[entry], now=clock.now())
        shown = api.get(f"{PATH}/products/notebook").json
        assert (shown["price"]["amount"], shown["is_sale"]) == (800, True)
        assert shown["lowest_price_before"] == {"amount": 1000, "currency": "EUR"}


class TestCategories:
    def test_lead_to_the_products_in_them(self, api, company, shop, product):
        with db.transaction(acting_for(company)):
            paper = categories.create(company_id=company.id, name="Paper", slug="paper")
            notebooks = categories.create(company_id=company.id, name="Notebooks", slug="notebooks", parent_id=paper.id)
            categories.assign(product_id=product.id, category_ids=[notebooks.id])
        factories.make_product(shop)
        shown = api.get(f"{PATH}/categories").json["data"]
        assert [(row["slug"], row["parent_id"]) for row in shown] == [("paper", None), ("notebooks", str(paper.id))]
        found = api.get(f"{PATH}/products?category=paper").json["data"]
        assert [row["id"] for row in found] == [str(product.id)]
        assert api.get(f"{PATH}/products?category=pens").json["code"] == "category_not_found"

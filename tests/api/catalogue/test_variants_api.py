"""Variants of products over HTTP: what is refused, and how the fields are named."""

import pytest

from tests import factories


@pytest.fixture
def product(company):
    return factories.make_product(factories.make_shop(company))


@pytest.fixture
def path(product):
    return f"/api/products/{product.id}/variants"


def body(product, **values):
    price = {"amount": 450, "currency": "EUR"}
    return {
        "options": [{"name": "Size", "values": ["A5", "A4"]}],
        "variants": [
            {"sku": product.sku, "price": price, "options": {"Size": "A5"}, **values},
            {"sku": "a4", "price": price, "options": {"Size": "A4"}},
        ],
    }


class TestSet:
    def test_creates_variants_in_canonical_form(self, admin, product, path):
        codes = {"gtin": "4-006381-333931", "hs_code": "4820.10 30", "origin_country": "DE", "weight_grams": 250}
        answer = admin.put(path, body(product, **codes))
        assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
        first, second = admin.get(path).json["data"]
        assert (first["id"], first["gtin"], first["hs_code"]) == (str(product.id), "4006381333931", "48201030")
        assert (second["title"], second["gtin"], second["options"]) == ("A4", None, {"Size": "A4"})

    @pytest.mark.parametrize(
        ("values", "at"),
        [
            ({"gtin": "4006381333932"}, "variants.0.gtin"),
            ({"gtin": "12345"}, "variants.0.gtin"),
            ({"hs_code": "48a"}, "variants.0.hs_code"),
            ({"origin_country": "XX"}, "variants.0.origin_country"),
            ({"weight_grams": 0}, "variants.0.weight_grams"),
            ({"content_amount": 250}, "variants.0.content_unit"),
            ({"content_amount": 250, "content_unit": "oz"}, "variants.0.content_unit"),
            ({"length_mm": 1.5}, "variants.0.length_mm"),
            ({"options": {"Size": "A3"}}, "variants.0.options.Size"),
            ({"colour": "red"}, "variants.0.colour"),
        ],
    )
    def test_names_the_field_that_is_wrong(self, admin, product, path, values, at):
        answer = admin.put(path, body(product, **values))
        assert (answer.status_code, [error["path"] for error in answer.json["errors"]]) == (422, [at])
        assert len(admin.get(path).json["data"]) == 1

    def test_refuses_a_stale_version(self, admin, product, path):
        answer = admin.put(path, body(product), headers={"If-Match": '"9"'})
        assert (answer.status_code, answer.json["code"]) == (412, "product_changed")

    def test_lets_each_variant_have_its_stock(self, admin, product, path, company):
        admin.put(path, body(product))
        second = admin.get(path).json["data"][1]["id"]
        stock = f"/api/products/{second}/stock/{factories.make_warehouse(company).id}"
        assert admin.put(stock, {"on_hand": 3}).json["on_hand"] == 3
        without = {**body(product), "variants": body(product)["variants"][:1]}
        answer = admin.put(path, without)
        assert (answer.status_code, answer.json["code"]) == (409, "variant_in_use")


class TestChange:
    def test_changes_one_variant(self, admin, product, path):
        admin.put(path, body(product))
        second = admin.get(path).json["data"][1]["id"]
        assert admin.patch(f"{path}/{second}", {"gtin": "96385074"}).json["gtin"] == "96385074"
        assert admin.patch(f"{path}/{second}", {"gtin": None}).json["gtin"] is None
        answer = admin.patch(f"{path}/{second}", {"gtin": "1"})
        assert (answer.status_code, answer.json["errors"][0]["path"]) == (422, "gtin")

    def test_refuses_a_sku_that_a_variant_has_for_a_new_product(self, admin, product, path):
        admin.put(path, body(product))
        new = {"shop_id": str(product.shop_id), "sku": "a4", "name": "Pen", "price": {"amount": 1, "currency": "EUR"}}
        answer = admin.post("/api/products", new)
        assert (answer.status_code, answer.json["code"]) == (409, "sku_taken")


class TestAssortment:
    def test_of_another_shop_can_have_the_product(self, api, admin, product, company):
        other, customer = factories.make_shop(company), api.acting_as(factories.make_user())
        in_other = f"/api/products/{product.id}?shop_id={other.id}"
        assert customer.get(in_other).status_code == 404
        assert admin.put(f"/api/products/{product.id}/shops/{other.id}").status_code == 204
        assert customer.get(in_other).json["id"] == str(product.id)
        listed = admin.get(f"/api/products/{product.id}/shops").json["data"]
        assert {row["shop_id"] for row in listed} == {str(other.id), str(product.shop_id)}
        assert admin.delete(f"/api/products/{product.id}/shops/{other.id}").status_code == 204
        assert customer.get(in_other).status_code == 404

    def test_of_the_own_shop_need_not_have_the_product(self, api, admin, product):
        path = f"/api/products/{product.id}"
        admin.delete(f"{path}/shops/{product.shop_id}")
        customer = api.acting_as(factories.make_user())
        assert customer.get(f"{path}?shop_id={product.shop_id}").status_code == 404
        assert admin.get(f"{path}?shop_id={product.shop_id}").status_code == 200

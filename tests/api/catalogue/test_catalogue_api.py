"""Shops, products, warehouses and stock, over HTTP, by role."""

import pytest

from kit.ids import new_id
from tests import factories

DETAILS = {
    "status": "draft", "publish_at": "2027-01-01T00:00:00+00:00", "slug": "dotted-notebook", "external_id": "4711",
    "brand": "Paper", "tags": ["school"], "description": "Two\nlines", "max_quantity": 10, "quantity_step": 2,
}  # fmt: skip
FIVE_EUROS = {"price": {"amount": 500, "currency": "EUR"}}


@pytest.fixture
def customer(api):
    return api.acting_as(factories.make_user())


def member(api, company, role, shop=None):
    return api.acting_as(factories.make_member(company, role, shop=shop), company)


class TestShops:
    def test_are_created_by_admins(self, admin):
        answer = admin.post("/api/shops", {"name": "Harbour"})
        assert answer.status_code == 201
        assert admin.get(answer.headers["Location"]).json == answer.json

    def test_have_unique_names(self, admin, shop):
        answer = admin.post("/api/shops", {"name": shop.name})
        assert (answer.status_code, answer.json["code"]) == (409, "shop_name_taken")

    def test_are_listed_for_their_company(self, admin, company):
        shops = [factories.make_shop(company) for _ in range(3)]
        assert [row["id"] for row in admin.get("/api/shops").json["data"]] == [str(shop.id) for shop in shops]

    def test_are_limited_to_the_shop_of_the_member(self, api, company, shop):
        factories.make_shop(company)
        staff = member(api, company, "staff", shop)
        assert [row["id"] for row in staff.get("/api/shops").json["data"]] == [str(shop.id)]

    def test_are_shown_to_any_customer(self, customer, shop):
        assert customer.get(f"/api/shops/{shop.id}").json["name"] == shop.name

    def test_are_not_listed_to_customers(self, customer):
        assert customer.get("/api/shops").status_code == 403


class TestCreate:
    @pytest.fixture
    def body(self, shop):
        return {
            "shop_id": str(shop.id),
            "sku": "NB-A5",
            "name": "Notebook",
            "price": {"amount": 450, "currency": "EUR"},
        }

    def test_returns_the_product_and_its_version(self, admin, body):
        answer = admin.post("/api/products", body)
        assert answer.status_code == 201
        assert {name: answer.json[name] for name in body} == body
        assert answer.headers["ETag"] == '"1"'
        assert admin.get(answer.headers["Location"]).json == answer.json

    def test_refuses_a_duplicate_sku(self, admin, body):
        admin.post("/api/products", body)
        answer = admin.post("/api/products", body)
        assert (answer.status_code, answer.json["code"]) == (409, "sku_taken")

    def test_refuses_an_unknown_shop(self, admin, body):
        answer = admin.post("/api/products", {**body, "shop_id": str(new_id())})
        assert (answer.status_code, answer.json["errors"][0]["path"]) == (422, "shop_id")

    def test_is_allowed_to_managers_in_their_shop_only(self, api, company, shop, body):
        other = str(factories.make_shop(company).id)
        manager = member(api, company, "shop_manager", shop)
        assert manager.post("/api/products", {**body, "shop_id": other}).status_code == 422
        assert manager.post("/api/products", body).status_code == 201

    @pytest.mark.parametrize("role", ["staff", None])
    def test_is_refused_to_other_roles(self, api, company, customer, body, role):
        caller = member(api, company, role) if role else customer
        answer = caller.post("/api/products", body)
        assert (answer.status_code, answer.json["code"]) == (403, "forbidden")


class TestRead:
    def test_shows_customers_the_shop_they_name(self, customer, shop, product):
        factories.make_product(factories.make_shop(factories.make_company()))
        found = customer.get(f"/api/products?shop_id={shop.id}").json["data"]
        assert [row["id"] for row in found] == [str(product.id)]
        assert customer.get(f"/api/products/{product.id}?shop_id={shop.id}").json == found[0]

    @pytest.mark.parametrize("path", ["/api/products", "/api/products/{}"])
    def test_requires_a_shop_from_customers(self, customer, product, path):
        answer = customer.get(path.format(product.id))
        assert (answer.status_code, answer.json["errors"][0]["path"]) == (422, "shop_id")

    def test_does_not_find_a_product_in_another_shop(self, customer, company, product):
        other = factories.make_shop(company)
        assert customer.get(f"/api/products/{product.id}?shop_id={other.id}").status_code == 404

    def test_limits_members_of_one_shop_to_it(self, api, company, shop, product):
        other = factories.make_product(factories.make_shop(company))
        staff = member(api, company, "staff", shop)
        assert [row["id"] for row in staff.get("/api/products").json["data"]] == [str(product.id)]
        assert staff.get(f"/api/products/{other.id}").status_code == 404
        assert staff.get(f"/api/products?shop_id={other.shop_id}").status_code == 404

    def test_is_paged(self, admin, shop):
        products = [str(factories.make_product(shop).id) for _ in range(5)]
        seen, after = [], ""
        while after is not None:
            page = admin.get("/api/products?limit=2" + (f"&after={after}" if after else "")).json
            seen += [row["id"] for row in page["data"]]
            after = page["next"]
        assert seen == products

    @pytest.mark.parametrize("proxied", ["{}", "W/{}"])
    def test_responds_304_for_the_current_version(self, admin, product, proxied):
        path = f"/api/products/{product.id}"
        answer = admin.get(path, headers={"If-None-Match": proxied.format(admin.get(path).headers["ETag"])})
        assert (answer.status_code, answer.data) == (304, b"")


class TestChange:
    def test_creates_a_new_version(self, admin, product):
        answer = admin.patch(f"/api/products/{product.id}", FIVE_EUROS)
        assert (answer.json["price"]["amount"], answer.json["version"], answer.headers["ETag"]) == (500, 2, '"2"')

    @pytest.mark.parametrize("threshold", [5, 0, None])
    def test_sets_when_its_stock_is_low(self, admin, product, threshold):
        path = f"/api/products/{product.id}"
        admin.patch(path, {"low_stock_threshold": 3})
        assert admin.patch(path, {"low_stock_threshold": threshold}).json["low_stock_threshold"] == threshold
        assert admin.patch(path, {"name": "Pen"}).json["low_stock_threshold"] == threshold

    @pytest.mark.parametrize("threshold", [-1, 1.5, "5"])
    def test_refuses_an_invalid_number_of_units(self, admin, product, threshold):
        answer = admin.patch(f"/api/products/{product.id}", {"low_stock_threshold": threshold})
        assert (answer.status_code, answer.json["errors"][0]["path"]) == (422, "low_stock_threshold")

    def test_creates_no_version_when_nothing_changes(self, admin, product):
        answer = admin.patch(f"/api/products/{product.id}", {"name": product.name})
        assert answer.json["version"] == 1

    @pytest.mark.parametrize("version", ['"1"', 'W/"1"', '"9", "1"', '"1","a,b" , W/"9",', "*", "1"])
    def test_is_accepted_for_a_version_in_if_match(self, admin, product, version):
        answer = admin.patch(f"/api/products/{product.id}", FIVE_EUROS, headers={"If-Match": version})
        assert answer.status_code == 200

    @pytest.mark.parametrize(
        "version",
        [
            '"1"', '"3"', '"x"', 'W/"1"', '"' + "9" * 5000 + '"', '"1", "3"', '"02"', '"1,2"', '"2', '"1" "2"', ",", "",
        ],
    )  # fmt: skip
    def test_is_refused_for_other_and_malformed_versions(self, admin, product, version):
        path = f"/api/products/{product.id}"
        changed = admin.patch(path, FIVE_EUROS).json
        answer = admin.patch(path, {"name": "Late"}, headers={"If-Match": version})
        assert (answer.status_code, answer.json["code"]) == (412, "product_changed")
        assert admin.get(path).json == changed

    def test_is_allowed_to_managers_in_their_shop_only(self, api, company, shop, product):
        other = factories.make_product(factories.make_shop(company))
        manager = member(api, company, "shop_manager", shop)
        assert manager.patch(f"/api/products/{other.id}", FIVE_EUROS).status_code == 404
        assert manager.patch(f"/api/products/{product.id}", FIVE_EUROS).status_code == 200


class TestStock:
    @pytest.fixture
    def warehouse(self, company):
        return factories.make_warehouse(company)

    @pytest.fixture
    def path(self, product, warehouse):
        return f"/api/products/{product.id}/stock/{warehouse.id}"

    def test_is_the_level_set_last(self, api, company, product, path):
        staff = member(api, company, "staff")
        staff.put(path, {"on_hand": 7})
        level = staff.put(path, {"on_hand": 5}).json
        assert (level["on_hand"], level["reserved"]) == (5, 0)
        assert staff.get(f"/api/products/{product.id}/stock").json["data"] == [level]

    @pytest.mark.parametrize("on_hand", [-1, 1.5, "1", None, 10**12])
    def test_is_a_number_of_units(self, admin, path, on_hand):
        answer = admin.put(path, {"on_hand": on_hand})
        assert (answer.status_code, answer.json["errors"][0]["path"]) == (422, "on_hand")

    def test_requires_an_existing_warehouse(self, admin, product):
        assert admin.put(f"/api/products/{product.id}/stock/{new_id()}", {"on_hand": 1}).status_code == 404

    def test_requires_an_existing_product(self, admin, warehouse):
        assert admin.put(f"/api/products/{new_id()}/stock/{warehouse.id}", {"on_hand": 1}).status_code == 404

    def test_of_another_shop_is_hidden_from_staff(self, api, company, path):
        staff = member(api, company, "staff", factories.make_shop(company))
        assert staff.put(path, {"on_hand": 1}).status_code == 404

    def test_is_not_shown_to_customers(self, customer, product):
        assert customer.get(f"/api/products/{product.id}/stock").status_code == 403


class TestWarehouses:
    def test_are_created_by_admins_with_unique_names(self, admin):
        assert admin.post("/api/warehouses", {"name": "Harbour"}).status_code == 201
        assert admin.post("/api/warehouses", {"name": "Harbour"}).status_code == 409

    def test_are_listed_for_their_company(self, admin, company):
        rows = [str(factories.make_warehouse(company).id) for _ in range(2)]
        assert [row["id"] for row in admin.get("/api/warehouses").json["data"]] == rows


class TestDetails:
    def test_are_shown_as_they_were_sent(self, admin, product):
        answer = admin.patch(f"/api/products/{product.id}", DETAILS)
        assert {name: answer.json.get(name) for name in DETAILS} == DETAILS
        found = admin.get("/api/products?external_id=4711&status=draft").json["data"]
        assert [row["id"] for row in found] == [str(product.id)]
        assert admin.get("/api/products?status=archived").json["data"] == []

    def test_hide_a_draft_from_customers(self, admin, customer, product, shop):
        admin.patch(f"/api/products/{product.id}", {"status": "draft"})
        assert customer.get(f"/api/products/{product.id}?shop_id={shop.id}").status_code == 404
        assert customer.get(f"/api/products/{product.id}/variants?shop_id={shop.id}").status_code == 404
        assert customer.get(f"/api/products?shop_id={shop.id}").json["data"] == []
        assert admin.get(f"/api/products/{product.id}").json["status"] == "draft"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("status", "sold"),
            ("slug", "Notebook"),
            ("slug", "a--b"),
            ("slug", "a" * 101),
            ("publish_at", "2027-01-01T00:00:00"),
            ("tags", ["x"] * 51),
            ("min_quantity", 0),
            ("max_quantity", "3"),
            ("quantity_step", None),
            ("description", "\x00"),
        ],
    )
    def test_name_the_field_that_is_wrong(self, admin, product, name, value):
        path = f"/api/products/{product.id}"
        answer = admin.patch(path, {name: value})
        assert (answer.status_code, answer.json["errors"][0]["path"].split(".")[0]) == (422, name)
        assert admin.get(path).json["version"] == 1

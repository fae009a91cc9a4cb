"""Rows of other companies are answered like rows that do not exist."""

import pytest

from kit.ids import new_id
from tests import factories
from tests.api.access.test_auth import without_instance


@pytest.fixture
def ours(api):
    company = factories.make_company()
    return api.acting_as(factories.make_member(company), company)


@pytest.fixture
def theirs(database):
    company = factories.make_company()
    shop = factories.make_shop(company)
    product = factories.make_product(shop)
    warehouse = factories.make_warehouse(company)
    factories.put_stock(product, warehouse)
    return {"company": company.id, "shop": shop.id, "product": product.id, "warehouse": warehouse.id}


REQUESTS = [
    ("GET", "/api/companies/{company}", None),
    ("PATCH", "/api/companies/{company}", {"name": "Mine"}),
    ("GET", "/api/shops/{shop}", None),
    ("GET", "/api/products?shop_id={shop}", None),
    ("GET", "/api/products/{product}", None),
    ("GET", "/api/products/{product}?shop_id={shop}", None),
    ("PATCH", "/api/products/{product}", {"name": "Mine"}),
    ("GET", "/api/products/{product}/stock", None),
    ("PUT", "/api/products/{product}/stock/{warehouse}", {"on_hand": 0}),
]


class TestAnotherCompany:
    @pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
    def test_is_not_found(self, ours, theirs, method, path, body):
        foreign = ours.request(method, path.format(**theirs), json=body)
        nothing = ours.request(method, path.format(**{name: new_id() for name in theirs}), json=body)
        assert foreign.status_code == nothing.status_code == 404
        assert without_instance(foreign) == without_instance(nothing)

    @pytest.mark.parametrize("path", ["/api/shops", "/api/products", "/api/warehouses"])
    def test_is_in_no_list(self, ours, theirs, path):
        assert ours.get(path).json == {"data": [], "next": None}

    def test_cannot_get_our_products(self, ours, theirs):
        body = {"shop_id": str(theirs["shop"]), "sku": "1", "name": "1", "price": {"amount": 1, "currency": "EUR"}}
        foreign = ours.post("/api/products", body)
        nothing = ours.post("/api/products", {**body, "shop_id": str(new_id())})
        assert foreign.status_code == 422
        assert without_instance(foreign) == without_instance(nothing)

    def test_cannot_share_a_warehouse(self, api, theirs):
        company = factories.make_company()
        product = factories.make_product(factories.make_shop(company))
        staff = api.acting_as(factories.make_member(company, "staff"), company)
        answer = staff.put(f"/api/products/{product.id}/stock/{theirs['warehouse']}", {"on_hand": 1})
        assert answer.status_code == 404

    def test_can_use_the_same_names(self, ours, theirs, api):
        company = factories.make_company()
        admin = api.acting_as(factories.make_member(company), company)
        for path in ("/api/shops", "/api/warehouses"):
            assert ours.post(path, {"name": "Harbour"}).status_code == 201
            assert admin.post(path, {"name": "Harbour"}).status_code == 201

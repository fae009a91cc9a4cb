"""Bad cursors and stale versions: each endpoint that takes one refuses it, names it, and changes nothing."""

import pytest

from domain.catalogue import categories
from domain.pricing import price_lists
from kit import clock, db
from kit.ids import new_id
from tests import factories

METHODS = {"get", "post", "put", "patch", "delete"}
PRICE = {"amount": 1, "currency": "EUR"}
BODIES = {
    "change_plan": {"plan": "pro"},
    "set_product_variants": {"options": [], "variants": [{"sku": "late", "price": PRICE}]},
    "update_product_variant": {"weight_grams": 250},
    "set_list_prices": {"prices": [{"variant_id": str(new_id()), "price": PRICE}]},
}
"""Where a new name is no change."""
READABLE = {
    "change_plan": "/api/companies/{company_id}",
    "update_product_variant": "/api/products/{product_id}/variants",
}
"""What shows whether something has changed, where it is not what the change is sent to."""
STALE = '"999"'


@pytest.fixture
def paths(company):
    """Fills the ids of existing objects into a path."""
    shop = factories.make_shop(company)
    product, location = factories.make_product(shop), factories.make_location(shop)
    customer, address, group = factories.make_customer_in_group(company)
    objects = {
        "company": company, "shop": shop, "product": product, "location": location, "customer": customer,
        "address": address, "group": group, "variant": product,
    }  # fmt: skip
    with db.transaction(factories.acting_for(company)):
        objects["category"] = categories.create(company_id=company.id, name="Pens", slug="pens")
        objects["price_list"] = price_lists.create(company_id=company.id, name="Wholesale", now=clock.now())
    ids = {f"{name}_id": each.id for name, each in objects.items()}
    return lambda path: path.format(**ids, shop_slug="harbour")


def taking(api, name, where):
    """The operations that take this parameter: method, path and operationId."""
    document = api.get("/api/openapi.json").json
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method not in METHODS:  # parameters of the whole path
                continue
            parameters = [each for each in operation.get("parameters", []) if "$ref" not in each]
            if any((each["name"], each["in"]) == (name, where) for each in parameters):
                yield method.upper(), path, operation["operationId"]


class TestCursor:
    def test_that_is_malformed_is_refused_by_every_list_that_the_caller_may_read(self, admin, paths):
        answers = {}
        for method, path, operation in taking(admin, "after", "query"):
            answer = admin.request(method, f"{paths(path)}?after=nope&limit=-1")
            if answer.status_code != 403:  # before the query is read
                answers[operation] = answer.status_code, sorted(error["path"] for error in answer.json["errors"])
        assert len(answers) > 7
        assert {operation: said for operation, said in answers.items() if said != (422, ["after", "limit"])} == {}


class TestVersion:
    def test_that_is_stale_is_refused_by_every_change_that_takes_one(self, admin, paths):
        answers = {}
        for method, path, operation in taking(admin, "If-Match", "header"):
            body = None if method == "DELETE" else BODIES.get(operation, {"name": "Late"})
            readable = paths(READABLE.get(operation, path))
            before = admin.get(readable).json
            answer = admin.request(method, paths(path), json=body, headers={"If-Match": STALE})
            assert admin.get(readable).json == before
            answers[operation] = answer.status_code, answer.json["code"].endswith("_changed")
        assert len(answers) > 6
        assert {operation: said for operation, said in answers.items() if said != (412, True)} == {}

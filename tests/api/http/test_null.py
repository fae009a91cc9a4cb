"""Null means that a value is absent; an omitted field has its default or stays unchanged."""

import pytest

from api.http.schemas import OPTIONAL_NULL_MESSAGE, REQUIRED_NULL_MESSAGE
from tests import factories

ADDRESS = {"name": "Ada", "line1": "1 Harbour Street", "city": "Antwerp", "country": "BE"}
BLANK = dict.fromkeys(("company", "line2", "postal_code", "region"))
PRICE = {"amount": 1999, "currency": "EUR"}


@pytest.fixture
def company():
    return factories.make_company()


def refused(answer) -> list[tuple[str, str]]:
    assert answer.status_code == 422
    return [(error["path"], error["message"]) for error in answer.json["errors"]]


class TestValueObject:
    def test_accepts_null_in_optional_fields(self, admin):
        kept = admin.post("/api/me/addresses", {"label": "Home", "address": {**ADDRESS, **BLANK}})
        assert (kept.status_code, kept.json["address"]) == (201, ADDRESS)
        refusal = admin.post("/api/me/addresses", {"label": "Home", "address": {**ADDRESS, "line1": None}})
        assert refused(refusal) == [("address.line1", REQUIRED_NULL_MESSAGE)]

    def test_is_emptied_by_null(self, admin, company):
        path = f"/api/companies/{company.id}"
        colours = admin.patch(path, {"branding": {"colour": "#1f4e79", "footer": None, "logo_url": None}})
        assert colours.json["branding"] == {"colour": "#1f4e79"}
        assert admin.patch(path, {"branding": None}).json["branding"] == {}

    def test_of_a_location_is_emptied_by_null(self, admin, shop):
        christmas = {"first_day": "2026-12-25", "last_day": None, "hours": None, "reason": None}
        place = {
            "name": "Harbour",
            "address": ADDRESS,
            "time_zone": "Europe/Brussels",
            "opening_hours": "Mo-Fr 09:00-18:00",
        }
        made = admin.post(f"/api/shops/{shop.id}/locations", {**place, "exceptions": [christmas]})
        assert made.json["exceptions"] == [{**christmas, "last_day": "2026-12-25"}]
        path = f"/api/shops/{shop.id}/locations/{made.json['id']}"
        cleared = admin.patch(path, {"exceptions": None, "opening_hours": None}).json
        assert (cleared["exceptions"], cleared["opening_hours"]) == ([], None)


class TestField:
    def test_without_required_value_can_be_created_and_changed_with_null(self, admin, shop):
        new = {"shop_id": str(shop.id), "sku": "A5", "name": "Notebook", "price": PRICE, "low_stock_threshold": None}
        product = admin.post("/api/products", new).json
        path = f"/api/products/{product['id']}"
        changed = [{}, {"low_stock_threshold": 3}, {"name": "Notebook, A5"}, {"low_stock_threshold": None}]
        seen = [admin.patch(path, change).json["low_stock_threshold"] for change in changed]
        assert (product["low_stock_threshold"], seen) == (None, [None, 3, 3, None])

    @pytest.mark.parametrize("name", ["name", "price"])
    def test_with_required_value_cannot_be_changed_to_null(self, admin, shop, name):
        product = factories.make_product(shop)
        assert refused(admin.patch(f"/api/products/{product.id}", {name: None})) == [(name, OPTIONAL_NULL_MESSAGE)]

    @pytest.mark.parametrize("name", ["allows_discount", "locale", "max_discount_percent", "low_stock_threshold"])
    def test_with_a_default_refuses_null(self, admin, company, name):
        new = {"name": "Pens", "email": "pens@paper.example", "currency": "EUR", name: None}
        assert refused(admin.post("/api/companies", new)) == [(name, OPTIONAL_NULL_MESSAGE)]
        assert refused(admin.patch(f"/api/companies/{company.id}", {name: None})) == [(name, OPTIONAL_NULL_MESSAGE)]

    @pytest.mark.parametrize("name", ["step", "error", "saga", "company_id"])
    def test_of_a_filter_refuses_null(self, admin, name):
        body = {"filter": {"all": True, name: None}, "reason": "it is back"}
        answer = admin.post("/api/operations/incidents/retry", body)
        assert refused(answer) == [(f"filter.{name}", OPTIONAL_NULL_MESSAGE)]

    def test_of_a_login_that_is_optional_can_be_null(self, api):
        login = {"email": "nobody@customers.example", "password": "x", "code": None, "company_id": None}
        assert api.post("/api/auth/login", login).status_code == 401

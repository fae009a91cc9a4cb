"""Card numbers in text fields are refused, also when they are split over several fields."""

import pytest

from api.companies.schemas import CompanyChangeSchema
from api.http import schemas
from api.http.contacts import NewSavedAddressSchema
from api.sales.schemas import NewAddressSchema
from tests import factories
from tests.api.client import paths

ADDRESS = {"name": "Ada", "line1": "1 Harbour Street", "city": "Antwerp", "country": "BE"}


class TestFieldsTogether:
    @pytest.mark.parametrize(
        ("fields", "named"),
        [
            ({"line1": "4242 4242", "line2": "4242 4242"}, {"line1", "line2"}),
            ({"line1": "card 4242 42", "line2": "42 4242 4242, thanks"}, {"line1", "line2"}),
            (
                {"name": "4242", "company": "4242", "line1": "4242", "line2": "4242"},
                {"name", "company", "line1", "line2"},
            ),
            ({"line1": "４２４２４２４２", "line2": "４２４２４２４２"}, {"line1", "line2"}),  # noqa: RUF001
            ({"line2": "4242 4242 4242", "postal_code": "4242"}, {"line2", "postal_code"}),
        ],
    )
    def test_hold_no_card_number(self, fields, named):
        assert NewAddressSchema().validate({**ADDRESS, **fields}).keys() == named

    @pytest.mark.parametrize(
        "fields",
        [
            {"line1": "Hauptstraße 12", "postal_code": "10115"},
            {"name": "Box 4242", "line1": "4242 Main Street", "line2": "Suite 4242", "postal_code": "42424"},
            {"line2": "phone +49 30 123456 7890", "postal_code": "10115"},
        ],
    )
    def test_hold_other_numbers(self, fields):
        assert NewAddressSchema().validate({**ADDRESS, **fields}) == {}

    def test_are_looked_at_in_every_schema_and_in_what_stands_in_it(self):
        branding = {"name": "4242 4242", "footer": "4242 4242"}
        assert CompanyChangeSchema().validate({"branding": branding}).keys() == {"branding"}
        kept = {"label": "Home", "address": {**ADDRESS, "line1": "4242 4242", "line2": "4242 4242"}}
        assert NewSavedAddressSchema().validate(kept).keys() == {"address"}
        assert all(issubclass(each, schemas.Schema) for each in (NewAddressSchema, CompanyChangeSchema))


def test_a_token_that_is_a_card_number_is_refused(api):
    company = factories.make_company()
    shop = factories.make_shop(company)
    order = {
        "shop_id": str(shop.id), "lines": [{"product_id": str(shop.id), "quantity": 1}], "shipping_address": ADDRESS,
        "payment": {"payment_method": "pm_4242424242424242"},
    }  # fmt: skip
    answer = api.acting_as(factories.make_user()).post("/api/orders", order)
    assert (answer.status_code, paths(answer)) == (422, {"payment.payment_method"})


def test_what_a_device_calls_itself_is_not_kept_when_it_is_a_card_number(api, database):
    user = factories.make_user()
    login = {"email": user.email, "password": factories.PASSWORD}
    answer = api.post("/api/auth/login", login, headers={"User-Agent": "4242 4242 4242 4242"})
    assert answer.status_code == 200, answer.json
    headers = {"Authorization": f"Bearer {answer.json['access_token']}"}
    assert [each["device"] for each in api.get("/api/me/sessions", headers=headers).json["data"]] == [None]

"""Creating and changing companies, over HTTP."""

import psycopg
import pytest

from tests import factories

BODY = {"name": "Ink Ltd", "email": "Hi@Ink.example", "currency": "GBP"}


class TestCreate:
    def test_makes_its_creator_the_admin(self, api):
        user = factories.make_user()
        answer = api.acting_as(user).post("/api/companies", BODY)
        assert answer.status_code == 201
        assert answer.headers["Location"] == f"/api/companies/{answer.json['id']}"
        me = api.acting_as(user).get("/api/me").json
        (held,) = me["memberships"]
        assert (held["company_id"], held["role"], held["shop_id"]) == (answer.json["id"], "company_admin", None)

    def test_announces_it(self, api, database):
        api.acting_as(factories.make_user()).post("/api/companies", BODY)
        with psycopg.connect(database) as connection:
            events = connection.execute("SELECT type FROM events ORDER BY id").fetchall()
        assert events[-2:] == [("company.created",), ("member.joined",)]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"currency": "XXY"},
            {"allows_discount": "yes"},
            {"max_discount_percent": 101},
            {"email": "ink"},
            {"name": ""},
            {"locale": "de-DE;q=1"},
        ],
    )
    def test_names_the_wrong_field(self, api, wrong):
        answer = api.acting_as(factories.make_user()).post("/api/companies", {**BODY, **wrong})
        assert answer.status_code == 422
        assert [error["path"] for error in answer.json["errors"]] == list(wrong)


SETTINGS = {
    "locale": "nl-BE", "prices_include_tax": False, "order_expiry_minutes": 90, "low_stock_threshold": 4,
    "refund_limit": 50_000,
    "branding": {
        "name": "Ink", "colour": "#1f4e79", "logo_url": "https://ink.example/logo.png", "reply_to": "hi@ink.example",
        "footer": "Ink Ltd, Harbour Street",
    },
}  # fmt: skip


class TestSettings:
    def test_have_defaults(self, api):
        founded = api.acting_as(factories.make_user()).post("/api/companies", BODY).json
        settings = {name: founded[name] for name in SETTINGS}
        assert settings == {
            "locale": "en", "prices_include_tax": True, "order_expiry_minutes": 60, "low_stock_threshold": 0,
            "refund_limit": None,
            "branding": {},
        }  # fmt: skip

    def test_can_be_set_at_creation_and_later(self, api):
        founded = api.acting_as(factories.make_user()).post("/api/companies", {**BODY, **SETTINGS}).json
        assert {name: founded[name] for name in SETTINGS} == SETTINGS
        company = factories.make_company()
        admin = api.acting_as(factories.make_member(company), company)
        changed = admin.patch(f"/api/companies/{company.id}", SETTINGS)
        assert {name: changed.json[name] for name in SETTINGS} == SETTINGS
        assert (changed.json["version"], changed.headers["ETag"]) == (2, '"2"')

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"locale": "martian"}, "locale"),
            ({"order_expiry_minutes": 0}, "order_expiry_minutes"),
            ({"low_stock_threshold": -1}, "low_stock_threshold"),
            ({"refund_limit": -1}, "refund_limit"),
            ({"branding": {"colour": "blue"}}, "branding.colour"),
            ({"branding": {"colour": "#1f4e79\n"}}, "branding.colour"),
            ({"branding": {"logo_url": "http://ink.example/logo.png"}}, "branding.logo_url"),
            ({"branding": {"logo_url": "javascript:alert(1)"}}, "branding.logo_url"),
            ({"branding": {"reply_to": "ink"}}, "branding.reply_to"),
            ({"branding": {"font": "Comic Sans"}}, "branding.font"),
            ({"plan": "pro"}, "plan"),
        ],
    )
    def test_name_the_wrong_field(self, api, wrong, field):
        company = factories.make_company()
        admin = api.acting_as(factories.make_member(company), company)
        answer = admin.patch(f"/api/companies/{company.id}", wrong)
        assert (answer.status_code, answer.json["errors"][0]["path"]) == (422, field)


class TestChange:
    @pytest.mark.parametrize("proxied", ["{}", "W/{}"])
    def test_is_refused_for_another_version_than_was_read(self, api, proxied):
        company = factories.make_company()
        admin = api.acting_as(factories.make_member(company), company)
        path = f"/api/companies/{company.id}"
        read = proxied.format(admin.get(path).headers["ETag"])
        assert admin.patch(path, {"name": "New"}, headers={"If-Match": read}).status_code == 200
        late = admin.patch(path, {"name": "Late"}, headers={"If-Match": read})
        assert (late.status_code, late.json["code"]) == (412, "company_changed")

    def test_changes_only_the_fields_sent(self, api):
        company = factories.make_company(allows_discount=True)
        admin = api.acting_as(factories.make_member(company), company)
        path = f"/api/companies/{company.id}"
        assert admin.patch(path, {"name": "New", "accepts_raw_cards": False}).status_code == 200
        now = admin.get(path).json
        assert (now["name"], now["accepts_raw_cards"], now["allows_discount"]) == ("New", False, True)

    @pytest.mark.parametrize("looks_like_it", [0, 1, "true", "", [], {}])
    def test_accepts_only_true_and_false_as_booleans(self, api, looks_like_it):
        company = factories.make_company()
        admin = api.acting_as(factories.make_member(company), company)
        answer = admin.patch(f"/api/companies/{company.id}", {"allows_discount": looks_like_it})
        assert answer.status_code == 422

    def test_keeps_the_currency(self, api):
        company = factories.make_company()
        admin = api.acting_as(factories.make_member(company), company)
        assert admin.patch(f"/api/companies/{company.id}", {"currency": "USD"}).status_code == 422

    def test_changes_only_the_company_in_the_token(self, api):
        ours, theirs = factories.make_company(), factories.make_company()
        user = factories.make_member(ours)
        factories.join(user, theirs)
        assert api.acting_as(user, ours).patch(f"/api/companies/{theirs.id}", {"name": "Mine"}).status_code == 404


class TestList:
    def test_pages_through_the_companies_of_the_user(self, api):
        factories.make_company()
        mine = [factories.make_company() for _ in range(3)]
        user = factories.make_user()
        for company in mine:
            factories.join(user, company)
        customer = api.acting_as(user)
        first = customer.get("/api/companies?limit=2").json
        second = customer.get(f"/api/companies?limit=2&after={first['next']}").json
        assert [row["id"] for row in first["data"] + second["data"]] == [str(company.id) for company in mine]
        assert second["next"] is None

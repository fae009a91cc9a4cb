"""Shops, their staff, locations and opening hours, over HTTP."""

import psycopg
import pytest

from tests import factories

PLACE = {
    "name": "Harbour Street",
    "address": {"name": "Paper & Sons", "line1": "1 Harbour Street", "city": "Antwerp", "country": "BE"},
    "time_zone": "Europe/Brussels",
    "opening_hours": "Mo-Fr 09:00-18:00; PH off",
}
CHRISTMAS = {"first_day": "2026-12-24", "last_day": "2026-12-26", "reason": "Christmas"}


@pytest.fixture
def manager(api, company, shop):
    return api.acting_as(factories.make_member(company, "shop_manager", shop=shop), company)


@pytest.fixture
def path(shop):
    return f"/api/shops/{shop.id}"


@pytest.fixture
def place(manager, path):
    answer = manager.post(f"{path}/locations", PLACE)
    assert answer.status_code == 201, answer.json
    return answer.headers["Location"]


def refusal(answer):
    return answer.status_code, answer.json["code"]


class TestShop:
    def test_delivers_by_default(self, admin):
        shop = admin.post("/api/shops", {"name": "Harbour"}).json
        assert (shop["offers_delivery"], shop["offers_pickup"], shop["version"]) == (True, False, 1)

    def test_changes_only_the_fields_sent(self, admin, path):
        changed = admin.patch(path, {"offers_pickup": True, "offers_delivery": False})
        assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
        assert admin.get(path).json == changed.json

    def test_requires_pickup_or_delivery(self, admin, path):
        answer = admin.patch(path, {"offers_delivery": False})
        assert (answer.status_code, answer.json["errors"][0]["path"]) == (422, "offers_delivery")
        assert admin.get(path).json["version"] == 1

    @pytest.mark.parametrize("method", ["PATCH", "DELETE"])
    def test_is_unchanged_for_another_version(self, admin, path, method):
        body = {"name": "Late"} if method == "PATCH" else None
        assert refusal(admin.request(method, path, json=body, headers={"If-Match": '"7"'})) == (412, "shop_changed")

    def test_has_a_unique_name(self, admin, company, path):
        taken = factories.make_shop(company).name
        assert refusal(admin.patch(path, {"name": taken})) == (409, "shop_name_taken")

    def test_closes_permanently_and_frees_its_name(self, admin, shop, path):
        assert admin.delete(path).json["closed_at"] is not None
        assert admin.delete(path).status_code == 200
        assert refusal(admin.patch(path, {"name": "Back"})) == (409, "shop_closed")
        assert admin.post("/api/shops", {"name": shop.name}).status_code == 201

    def test_accepts_no_products_once_closed(self, admin, shop, path):
        admin.delete(path)
        body = {"shop_id": str(shop.id), "sku": "1", "name": "Pen", "price": {"amount": 1, "currency": "EUR"}}
        assert refusal(admin.post("/api/products", body)) == (409, "shop_closed")


class TestStaff:
    def test_are_limited_to_the_shop(self, manager, company, shop, path):
        here = factories.make_member(company, "staff", shop=shop)
        factories.make_member(company, "staff", shop=factories.make_shop(company))
        emails = [row["email"] for row in manager.get(f"{path}/staff").json["data"]]
        assert (len(emails), emails[-1]) == (2, here.email)


class TestLocation:
    def test_is_shown_as_created(self, api, place):
        shown = api.acting_as(factories.make_user()).get(place)
        assert {name: shown.json[name] for name in PLACE} == PLACE
        assert shown.headers["ETag"] == '"1"'

    def test_is_one_of_several(self, manager, path, place):
        manager.post(f"{path}/locations", {**PLACE, "name": "Station"})
        names = [row["name"] for row in manager.get(f"{path}/locations").json["data"]]
        assert names == ["Harbour Street", "Station"]

    def test_changes_only_the_fields_sent(self, manager, place):
        changed = manager.patch(place, {"exceptions": [CHRISTMAS], "offers_pickup": False})
        assert changed.status_code == 200
        assert changed.json["exceptions"] == [{**CHRISTMAS, "hours": None}]
        assert manager.get(place).json == changed.json

    @pytest.mark.parametrize("method", ["PATCH", "DELETE"])
    def test_is_unchanged_for_another_version(self, manager, place, method):
        body = {"name": "Late"} if method == "PATCH" else None
        answer = manager.request(method, place, json=body, headers={"If-Match": '"7"'})
        assert refusal(answer) == (412, "location_changed")

    def test_is_not_found_once_deleted(self, manager, place):
        assert manager.delete(place).status_code == 204
        assert refusal(manager.get(place)) == (404, "location_not_found")

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"opening_hours": "always"}, "opening_hours"),
            ({"opening_hours": None, "exceptions": [CHRISTMAS]}, "opening_hours"),
            ({"time_zone": "Belgium"}, "time_zone"),
            ({"address": {"city": "Antwerp"}}, "address.name"),
            ({"exceptions": [{**CHRISTMAS, "hours": "all day"}]}, "exceptions.0.hours"),
            ({"exceptions": [{**CHRISTMAS, "hours": "25:00-99:00"}]}, "exceptions"),
            ({"exceptions": [{**CHRISTMAS, "last_day": "2026-12-23"}]}, "exceptions.0.last_day"),
            ({"exceptions": [{"first_day": "Christmas"}]}, "exceptions.0.first_day"),
            ({"exceptions": [{"first_day": "1899-12-31"}]}, "exceptions.0.first_day"),
            ({"exceptions": [{**CHRISTMAS, "last_day": "9999-12-31"}]}, "exceptions.0.last_day"),
            ({"opening_hours": "Mo-Su 09:00-18:00; Jun 31 off"}, "opening_hours"),
            ({"time_zone": "localtime"}, "time_zone"),
            ({"time_zone": "Factory"}, "time_zone"),
        ],
    )
    def test_names_the_wrong_field(self, manager, path, place, wrong, field):
        for answer in (manager.post(f"{path}/locations", {**PLACE, **wrong}), manager.patch(place, wrong)):
            assert answer.status_code == 422
            assert field in {error["path"] for error in answer.json["errors"]}

    def test_of_another_shop_is_not_found(self, admin, company, place):
        other = factories.make_shop(company)
        assert refusal(admin.get(f"/api/shops/{other.id}/locations/{place.rpartition('/')[2]}")) == (
            404,
            "location_not_found",
        )


class TestOpening:
    def test_uses_local_time(self, api, place):
        friday = {"at": "2026-11-27T17:30:00+00:00"}
        opening = api.acting_as(factories.make_user()).get(f"{place}/opening", query_string=friday).json
        assert opening == {
            "state": "closed", "comment": "", "local_time": "2026-11-27T18:30:00+01:00",
            "changes_at": "2026-11-30T08:00:00+00:00",
        }  # fmt: skip

    def test_respects_exceptions_and_shows_their_reason(self, manager, place):
        manager.patch(place, {"exceptions": [CHRISTMAS]})
        opening = manager.get(f"{place}/opening", query_string={"at": "2026-12-24T10:00:00+01:00"}).json
        assert (opening["state"], opening["comment"]) == ("closed", "Christmas")

    def test_is_unknown_for_unparsable_stored_hours(self, manager, place, database):
        with psycopg.connect(database) as connection:
            connection.execute("UPDATE locations SET opening_hours = 'Feb 30 10:00-12:00'")
        opening = manager.get(f"{place}/opening").json
        assert (opening["state"], opening["changes_at"]) == ("unknown", None)

    def test_is_for_now_by_default(self, manager, place):
        manager.patch(place, {"opening_hours": "24/7"})
        opening = manager.get(f"{place}/opening").json
        assert (opening["state"], opening["changes_at"]) == ("open", None)

    @pytest.mark.parametrize("at", ["2026-11-27T17:30:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "noon"])
    def test_requires_a_time_of_this_century_with_a_zone(self, manager, place, at):
        answer = manager.get(f"{place}/opening", query_string={"at": at})
        assert (answer.status_code, answer.json["errors"][0]["path"]) == (422, "at")

    def test_is_unknown_without_hours(self, manager, place):
        manager.patch(place, {"opening_hours": None})
        assert manager.get(f"{place}/opening").json["state"] == "unknown"

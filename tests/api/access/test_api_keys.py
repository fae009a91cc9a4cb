"""API keys: creation, permissions limited by those of their owner, expiry and revocation."""

from datetime import timedelta

import psycopg
import pytest

from api.auth.requirements import OPERATOR, PUBLIC, REQUIRED
from domain.access.permission_sets import api_key_permissions
from kit import clock
from kit.ids import new_id
from tests import factories
from tests.api.client import Api
from tests.api.shared_app import shared_app
from tests.api.world import called

NAMED = {"name": "Stock of the warehouse"}


@pytest.fixture
def user(company):
    return factories.make_member(company)


@pytest.fixture
def admin(api, company, user):
    return api.acting_as(user, company)


def made(admin, *permissions, **more):
    answer = admin.post("/api/keys", {**NAMED, "permissions": list(permissions), **more})
    assert answer.status_code == 201, answer.json
    return answer.json


def holder(api, key):
    return Api(api.app, key["secret"])


def refusal(answer):
    return answer.status_code, answer.json["code"]


class TestCreate:
    def test_shows_the_secret_once_and_stores_only_its_hash(self, admin, database):
        key = made(admin, "read_stock")
        assert key["secret"].startswith(key["prefix"])
        listed = admin.get("/api/keys").json["data"]
        assert [row["id"] for row in listed] == [key["id"]]
        assert "secret" not in listed[0]
        with psycopg.connect(database) as owner:
            row = owner.execute("SELECT api_keys::text FROM api_keys").fetchone()[0]
        assert key["secret"] not in row

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"permissions": ["manage_own_account"]}, "permissions.0"),
            ({"permissions": ["write_api_keys"]}, "permissions.0"),
            ({"permissions": ["fly"]}, "permissions.0"),
            ({"permissions": []}, "permissions"),
            ({"days": 0}, "days"),
            ({"days": 10_000}, "days"),
            ({"shop_id": str(new_id())}, "shop_id"),
            ({"name": ""}, "name"),
        ],
    )
    def test_names_the_wrong_field(self, admin, wrong, field):
        answer = admin.post("/api/keys", {**NAMED, "permissions": ["read_stock"], **wrong})
        assert (answer.status_code, answer.json["errors"][0]["path"]) == (422, field)

    def test_for_one_shop_refuses_permissions_for_the_company(self, admin, company):
        wanted = ["read_stock", "write_companies", "resolve_incidents"]
        body = {**NAMED, "permissions": wanted, "shop_id": str(factories.make_shop(company).id)}
        answer = admin.post("/api/keys", body)
        assert (answer.status_code, answer.json["errors"]) == (422, [{
            "path": "permissions",
            "message": "These permissions apply to a whole company, not to one shop: "
            "resolve_incidents, write_companies.",
        }])  # fmt: skip


class TestUse:
    def test_is_limited_to_its_company(self, api, admin, company):
        shop, theirs = factories.make_shop(company), factories.make_shop(factories.make_company())
        machine = holder(api, made(admin, "read_shops", "view_shops"))
        assert [row["id"] for row in machine.get("/api/shops").json["data"]] == [str(shop.id)]
        assert machine.get(f"/api/shops/{theirs.id}").status_code == 404

    def test_is_limited_to_its_shop_if_it_has_one(self, api, admin, company):
        shop, other = factories.make_shop(company), factories.make_shop(company)
        machine = holder(api, made(admin, "read_shops", "view_shops", shop_id=str(shop.id)))
        assert [row["id"] for row in machine.get("/api/shops").json["data"]] == [str(shop.id)]
        assert machine.get(f"/api/shops/{other.id}").status_code == 404

    def test_sees_the_companys_orders_and_none_that_its_creator_placed_elsewhere(self, api, admin, company, user):
        ours = factories.make_order(stocked(company))
        elsewhere = factories.make_order(stocked(factories.make_company()), customer=user)
        machine = holder(api, made(admin, "read_orders"))
        assert [row["id"] for row in machine.get("/api/orders").json["data"]] == [str(ours.id)]
        assert machine.get(f"/api/orders/{elsewhere.id}").status_code == 404

    def test_is_recorded_as_last_use(self, api, admin):
        key = made(admin, "read_shops")
        assert key["last_used_at"] is None
        holder(api, key).get("/api/shops")
        assert admin.get("/api/keys").json["data"][0]["last_used_at"] is not None

    @pytest.mark.parametrize("permission", sorted(api_key_permissions()))
    def test_allows_exactly_its_permissions(self, database, permission):
        app, company = shared_app(), factories.make_company()
        _, secret = factories.make_key(factories.make_member(company), company, {permission})
        rules = [rule for rule in app.url_map.iter_rules() if REQUIRED[rule.endpoint] not in (PUBLIC, OPERATOR)]
        refused = {each.endpoint for each in rules if called(Api(app, secret), each) == (403, "forbidden")}
        assert refused == {each.endpoint for each in rules if REQUIRED[each.endpoint] != permission}


class TestInvalid:
    def test_after_revocation(self, api, admin):
        key = made(admin, "read_shops")
        assert holder(api, key).get("/api/shops").status_code == 200
        assert admin.delete(f"/api/keys/{key['id']}").status_code == 204
        assert refusal(holder(api, key).get("/api/shops")) == (401, "api_key_invalid")
        assert refusal(admin.delete(f"/api/keys/{key['id']}")) == (404, "api_key_not_found")

    def test_after_expiry(self, api, admin, monkeypatch):
        key, then = made(admin, "read_shops", days=1), clock.now() + timedelta(days=1)
        monkeypatch.setattr(clock, "now", lambda: then)
        assert refusal(holder(api, key).get("/api/shops")) == (401, "api_key_invalid")

    def test_after_its_creator_leaves(self, api, admin, company, user):
        key, other = made(admin, "read_shops"), api.acting_as(factories.make_member(company), company)
        own = next(row for row in other.get("/api/members").json["data"] if row["user_id"] == str(user.id))
        assert other.delete(f"/api/members/{own['id']}").status_code == 204
        assert refusal(holder(api, key).get("/api/shops")) == (401, "api_key_invalid")

    def test_for_permissions_that_its_creator_has_lost(self, api, admin, company, user):
        key, other = made(admin, "read_members", "read_shops"), api.acting_as(factories.make_member(company), company)
        factories.join(user, company, "staff")
        own = [row for row in other.get("/api/members").json["data"] if row["user_id"] == str(user.id)]
        other.delete(f"/api/members/{own[0]['id']}")
        assert refusal(holder(api, key).get("/api/members")) == (403, "forbidden")
        assert holder(api, key).get("/api/shops").status_code == 200

    @pytest.mark.parametrize("forged", ["ox_", "ox_nothing", "ox_" + "A" * 43])
    def test_when_forged(self, api, database, forged):
        assert refusal(Api(api.app, forged).get("/api/shops")) == (401, "api_key_invalid")


def stocked(company):
    product = factories.make_product(factories.make_shop(company))
    factories.put_stock(product, factories.make_warehouse(company))
    return product

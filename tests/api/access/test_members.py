"""Listing and removing members, and giving up a role, over HTTP."""

import psycopg
import pytest

from domain.companies import lifecycle
from kit import clock, db
from kit.ids import new_id
from tests import factories


def membership_of(api, user):
    """The id of the user's only role in a company."""
    return api.acting_as(user).get("/api/me").json["memberships"][0]["id"]


class TestAdd:
    def test_is_not_possible_without_an_accepted_invitation(self, admin):
        answer = admin.post("/api/members", {"email": factories.make_user().email, "role": "staff"})
        assert (answer.status_code, set(answer.headers["Allow"].split(", "))) == (405, {"GET", "HEAD", "OPTIONS"})


class TestLeave:
    @pytest.mark.parametrize("role", ["company_admin", "shop_manager", "staff"])
    def test_gives_up_a_role(self, api, admin, company, role):
        user = factories.make_member(company, role)
        own = membership_of(api, user)
        assert api.acting_as(user, company).delete(f"/api/me/memberships/{own}").status_code == 204
        assert api.acting_as(user).get("/api/me").json["memberships"] == []
        assert own not in {row["id"] for row in admin.get("/api/members").json["data"]}

    def test_needs_no_token_for_that_company(self, api, company):
        user = factories.make_member(company, "staff")
        other = factories.make_company()
        factories.join(user, other, "staff")
        own = membership_of(api, user)
        assert api.acting_as(user, other).delete(f"/api/me/memberships/{own}").status_code == 204
        assert [row["company_id"] for row in api.acting_as(user).get("/api/me").json["memberships"]] == [str(other.id)]

    def test_works_while_the_company_is_suspended(self, api, company):
        user = factories.make_member(company, "staff")
        with db.transaction(factories.acting_for(company)):
            lifecycle.suspend(company_id=company.id, reason="unpaid", by=new_id(), now=clock.now())
        own = membership_of(api, user)
        assert api.acting_as(user, company).delete(f"/api/me/memberships/{own}").status_code == 204

    def test_keeps_the_last_admin(self, api, admin, company):
        user = factories.make_member(company)
        assert admin.delete(f"/api/me/memberships/{membership_of(api, user)}").status_code == 404
        (own,) = (row["id"] for row in admin.get("/api/me").json["memberships"])
        assert admin.delete(f"/api/me/memberships/{own}").status_code == 204
        answer = api.acting_as(user).delete(f"/api/me/memberships/{membership_of(api, user)}")
        assert (answer.status_code, answer.json["code"]) == (409, "last_admin")

    def test_gives_the_same_response_for_a_colleagues_role_and_an_unknown_one(self, api, admin, company):
        colleague = membership_of(api, factories.make_member(company, "staff"))
        answers = [admin.delete(f"/api/me/memberships/{each}") for each in (colleague, new_id())]
        assert [(answer.status_code, answer.json["code"]) for answer in answers] == [(404, "membership_not_found")] * 2


class TestTokenOfARemovedMember:
    """Reading stays allowed until the session expires; a writer could prevent that it expires."""

    @pytest.fixture
    def removed(self, api, admin, company):
        user = factories.make_member(company)
        still_holds = api.acting_as(user, company)
        own = next(row for row in admin.get("/api/members").json["data"] if row["user_id"] == str(user.id))
        assert admin.delete(f"/api/members/{own['id']}").status_code == 204
        return still_holds

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/api/invitations", {"role": "company_admin", "email": "ada@customers.example"}),
            ("/api/keys", {"name": "Door", "permissions": ["read_orders"]}),
            ("/api/shops", {"name": "Harbour Street"}),
        ],
    )
    def test_cannot_write(self, removed, path, body):
        answer = removed.post(path, body)
        assert (answer.status_code, answer.json["code"]) == (401, "token_invalid")

    def test_cannot_close_the_company(self, removed, company):
        assert removed.delete(f"/api/companies/{company.id}").status_code == 401

    def test_can_read_until_it_expires(self, removed):
        assert removed.get("/api/members").status_code == 200


class TestList:
    def test_pages_through_the_members_of_the_company(self, admin, company):
        factories.make_member(factories.make_company())
        colleague = factories.make_member(company, "staff")
        first = admin.get("/api/members?limit=1").json
        second = admin.get(f"/api/members?limit=1&after={first['next']}").json
        assert [row["role"] for row in first["data"] + second["data"]] == ["company_admin", "staff"]
        assert (second["data"][0]["email"], second["next"]) == (colleague.email, None)


class TestRemove:
    def test_removes_the_role(self, api, admin, company):
        user = factories.make_member(company, "staff")
        assert admin.delete(f"/api/members/{membership_of(api, user)}").status_code == 204
        assert api.acting_as(user).get("/api/me").json["memberships"] == []

    def test_keeps_the_last_admin(self, admin, company):
        factories.make_member(company, "staff")
        own = admin.get("/api/members").json["data"][0]["id"]
        answer = admin.delete(f"/api/members/{own}")
        assert (answer.status_code, answer.json["code"]) == (409, "last_admin")

    def test_does_not_find_members_of_another_company(self, api, admin):
        theirs = factories.make_company()
        foreign = api.acting_as(factories.make_member(theirs), theirs).get("/api/members").json["data"][0]["id"]
        assert admin.delete(f"/api/members/{foreign}").status_code == 404


class TestSuperAdmin:
    @pytest.fixture
    def log_in(self, api, database):
        user = factories.make_user()
        with psycopg.connect(database) as connection:
            row = [new_id(), user.id]
            connection.execute("INSERT INTO memberships (id, user_id, role) VALUES (%s, %s, 'super_admin')", row)
        credentials = {"email": user.email, "password": factories.PASSWORD}
        return lambda **more: api.post("/api/auth/login", {**credentials, **more})

    def test_acts_for_any_company(self, api, company, log_in):
        tokens = log_in(company_id=str(company.id)).json
        assert tokens["role"] == "super_admin"
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert api.post("/api/shops", {"name": "Harbour"}, headers=bearer).status_code == 201

    def test_cannot_act_for_an_unknown_company(self, log_in):
        assert log_in(company_id=str(new_id())).status_code == 404

    def test_is_a_customer_until_a_company_is_named(self, log_in):
        assert log_in().json["role"] == "customer"


class TestShopManager:
    """One of a shop; what they may do there is in the policies of the areas."""

    @pytest.fixture
    def shop(self, company):
        return factories.make_shop(company)

    @pytest.fixture
    def manager(self, api, company, shop):
        return api.acting_as(factories.make_member(company, "shop_manager", shop=shop), company)

    def test_invites_to_their_shop_with_at_most_their_role(self, manager, shop):
        for role, expected in {"staff": 201, "shop_manager": 201, "company_admin": 422}.items():
            body = {"email": factories.make_user().email, "role": role, "shop_id": str(shop.id)}
            assert manager.post("/api/invitations", body).status_code == expected, role

    def test_cannot_invite_to_other_shops_or_to_all(self, manager, company):
        email = factories.make_user().email
        for role in ("staff", "shop_manager", "company_admin"):
            answer = manager.post("/api/invitations", {"email": email, "role": role})
            assert (answer.status_code, answer.json["code"]) == (403, "insufficient_privileges")
        other = {"email": email, "role": "staff", "shop_id": str(factories.make_shop(company).id)}
        none = {**other, "shop_id": str(new_id())}
        assert error_fields(manager.post("/api/invitations", other)) == error_fields(
            manager.post("/api/invitations", none)
        )

    def test_sees_and_removes_members_of_their_shop_only(self, manager, admin, company, shop):
        in_shop = factories.make_member(company, "staff", shop=shop)
        for elsewhere in (None, factories.make_shop(company)):
            factories.make_member(company, "staff", shop=elsewhere)
        everybody = {row["id"]: row for row in admin.get("/api/members").json["data"]}
        seen = {row["id"]: row for row in manager.get("/api/members").json["data"]}
        assert str(in_shop.id) in {row["user_id"] for row in seen.values()}
        assert {row["shop_id"] for row in seen.values()} == {str(shop.id)}
        own_last = sorted(everybody, key=lambda each: everybody[each]["user_id"] == manager.get("/api/me").json["id"])
        for membership in own_last:
            expected = 204 if membership in seen else 404
            assert manager.delete(f"/api/members/{membership}").status_code == expected

    def test_sees_and_revokes_invitations_to_their_shop_only(self, manager, company, shop):
        host = factories.make_member(company)
        ours, _ = factories.invite("a@customers.example", host, company, shop=shop)
        others, _ = factories.invite("b@customers.example", host, company)
        assert [row["id"] for row in manager.get("/api/invitations").json["data"]] == [str(ours.id)]
        assert manager.delete(f"/api/invitations/{others.id}").status_code == 404
        assert manager.delete(f"/api/invitations/{ours.id}").status_code == 204


def error_fields(answer):
    return answer.status_code, answer.json["errors"]

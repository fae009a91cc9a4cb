"""Plans, suspension, deletion and the history of a company, over HTTP."""

import psycopg
import pytest

from kit.ids import new_id
from tests import factories

REASON = {"reason": "unpaid"}


@pytest.fixture
def path(company):
    return f"/api/companies/{company.id}"


@pytest.fixture
def super_admin(api, company, database):
    user = factories.make_user()
    with psycopg.connect(database) as owner:  # only who owns the database makes one
        owner.execute("INSERT INTO memberships (id, user_id, role) VALUES (%s, %s, 'super_admin')", [new_id(), user.id])
    return api.acting_as(user, company)


def code(answer):
    return answer.status_code, answer.json["code"]


class TestPlans:
    def test_are_public(self, api):
        plans = {plan["name"]: plan for plan in api.get("/api/plans").json["data"]}
        assert plans["free"]["shops"] == 1
        assert plans["pro"]["orders_per_month"] is None

    def test_start_with_a_trial(self, api):
        user = factories.make_user()
        body = {"name": "Ink Ltd", "email": "hi@ink.example", "currency": "GBP"}
        founded = api.acting_as(user).post("/api/companies", body).json
        assert (founded["plan"], founded["lifecycle_state"]) == ("trial", "active")

    def test_are_shown_with_their_usage(self, admin, company, path):
        factories.make_product(factories.make_shop(company))
        answer = admin.get(f"{path}/plan").json
        assert (answer["plan"], answer["effective_plan"]["name"], answer["effective_plan"]["shops"]) == (
            "trial",
            "trial",
            10,
        )
        assert answer["usage"] == {"shops": 1, "products": 1, "orders_per_month": 0}
        assert answer["trial_ends_at"] is not None

    def test_change_immediately(self, admin, path):
        assert admin.put(f"{path}/plan", {"plan": "free"}).json["effective_plan"]["shops"] == 1
        assert admin.post("/api/shops", {"name": "Harbour"}).status_code == 201
        refused = admin.post("/api/shops", {"name": "Station"})
        assert code(refused) == (409, "plan_limit_reached")
        assert "allows 1 shops" in refused.json["detail"]
        assert refused.json["exceeded_limits"] == [{"limit": "shops", "in_use": 1, "allowed": 1}]
        admin.put(f"{path}/plan", {"plan": "standard"})
        assert admin.post("/api/shops", {"name": "Station"}).status_code == 201

    def test_cannot_change_to_a_plan_that_is_too_small(self, admin, company, path):
        for _ in range(2):
            factories.make_shop(company)
        refused = admin.put(f"{path}/plan", {"plan": "free"})
        assert code(refused) == (409, "plan_too_small")
        assert "shops: 2 in use, 1 allowed" in refused.json["detail"]
        assert refused.json["exceeded_limits"] == [{"limit": "shops", "in_use": 2, "allowed": 1}]

    def test_change_only_for_the_current_version(self, admin, path):
        version = admin.get(path).headers["ETag"]
        admin.patch(path, {"name": "Ink & Sons"})
        assert code(admin.put(f"{path}/plan", {"plan": "pro"}, headers={"If-Match": version})) == (
            412,
            "company_changed",
        )

    def test_must_be_selectable(self, admin, path):
        assert admin.put(f"{path}/plan", {"plan": "trial"}).status_code == 422


class TestSuspension:
    def test_makes_the_company_read_only_until_it_is_resumed(self, admin, super_admin, path):
        assert super_admin.post(f"{path}/suspend", REASON).json["lifecycle_state"] == "suspended"
        assert code(admin.post("/api/shops", {"name": "Harbour"})) == (403, "company_suspended")
        assert admin.get("/api/shops").status_code == 200
        assert super_admin.post(f"{path}/resume", {"reason": "paid"}).json["lifecycle_state"] == "active"
        assert admin.post("/api/shops", {"name": "Harbour"}).status_code == 201

    def test_requires_a_reason(self, super_admin, path):
        assert super_admin.post(f"{path}/suspend", {}).status_code == 422

    def test_is_recorded_with_user_and_reason(self, admin, super_admin, path):
        super_admin.post(f"{path}/suspend", REASON)
        answer = admin.get(f"{path}/history").json["data"][-1]
        assert (answer["event"], answer["detail"]) == ("suspended", REASON)
        assert answer["decided_by"] is not None

    def test_prevents_accepting_an_invitation(self, api, company, super_admin, path):
        user = factories.make_user()
        _, token = factories.invite(user.email, factories.make_member(company), company)
        super_admin.post(f"{path}/suspend", REASON)
        assert code(api.post("/api/auth/accept-invitation", {"token": token})) == (403, "company_suspended")
        super_admin.post(f"{path}/resume", REASON)
        assert api.post("/api/auth/accept-invitation", {"token": token}).status_code == 200


class TestDeletion:
    def test_can_be_cancelled(self, admin, path):
        asked = admin.delete(path)
        assert (asked.status_code, asked.json["lifecycle_state"]) == (202, "closing")
        assert asked.json["deletion_due_at"] is not None
        refused = admin.patch(path, {"name": "New"})
        assert code(refused) == (403, "company_suspended")
        assert "being deleted" in refused.json["detail"]
        assert admin.post(f"{path}/restore").json["lifecycle_state"] == "active"
        assert admin.patch(path, {"name": "New"}).status_code == 200

    def test_is_refused_for_another_version(self, admin, path):
        assert code(admin.delete(path, headers={"If-Match": '"9"'})) == (412, "company_changed")

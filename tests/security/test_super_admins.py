"""Requests of super admins are recorded before they are executed, and the record is append-only."""

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kit import clock, db
from kit.ids import new_id
from kit.tenancy import Tenant

NOTED = "SELECT user_id, target_company_id, request, request_id, requested_at FROM super_admin_requests ORDER BY id"
FORGE = "INSERT INTO super_admin_requests (id, user_id, request, request_id) VALUES (:id, :user, 'GET /', '')"


@pytest.fixture
def noted(database):
    """The recorded requests of super admins."""

    def read():
        with psycopg.connect(database) as owner:
            return owner.execute(NOTED).fetchall()

    return read


def refused(transaction, statement, **values):
    with pytest.raises(DBAPIError) as refusal, transaction:
        db.session().execute(text(statement), values)
    return refusal.value.orig.sqlstate == "42501"


class TestRequests:
    def test_to_a_company_are_recorded_with_user_time_and_path(self, world, noted):
        path, began = f"/api/orders/{world.places['own shop']['order_id']}", clock.now()
        answer = world.callers["super_admin"].get(path, headers={"X-Request-ID": "mine"})
        ((user_id, target_company_id, request, request_id, requested_at),) = noted()
        assert answer.status_code == 200
        assert (target_company_id, request, request_id) == (world.company.id, f"GET {path}", "mine")
        assert str(user_id) == world.callers["super_admin"].get("/api/me").json["id"]
        assert began <= requested_at <= clock.now()

    def test_are_recorded_whatever_their_status(self, world, noted):
        missing = f"/api/orders/{new_id()}"
        assert world.callers["super_admin"].get(missing).status_code == 404
        assert world.callers["super_admin"].patch(f"/api/companies/{world.company.id}", {"x": 1}).status_code == 422
        assert [request for _, _, request, _, _ in noted()] == [
            f"GET {missing}", f"PATCH /api/companies/{world.company.id}",
        ]  # fmt: skip

    def test_to_all_companies_are_recorded_as_such(self, world, noted):
        listed = world.callers["super_admin"].get("/api/operations/incidents?all_companies=true")
        assert len(listed.json["data"]) == len(world.places)
        assert [target_company_id for _, target_company_id, _, _, _ in noted()] == [world.company.id, None]

    @pytest.mark.parametrize("role", ["company_admin", "shop_manager", "staff", "customer"])
    def test_of_other_roles_are_not_recorded(self, world, noted, role):
        world.callers[role].get("/api/orders")
        assert world.callers[role].get("/api/operations/incidents?all_companies=true").status_code == 403
        assert noted() == []


class TestNotes:
    def test_cannot_be_changed_or_deleted_by_any_database_role(self, world, noted):
        world.callers["super_admin"].get("/api/orders")
        before = noted()
        me = Tenant(user_id=before[0][0])
        for statement in ("UPDATE super_admin_requests SET request = ''", "DELETE FROM super_admin_requests"):
            assert refused(db.transaction(me), statement)
            assert refused(db.operator_transaction(), statement)
        assert noted() == before

    def test_cannot_be_recorded_for_another_user(self, world, noted):
        world.callers["super_admin"].get("/api/orders")
        admin, someone = noted()[0][0], Tenant(user_id=world.customer.id)
        assert refused(db.transaction(someone), FORGE, id=new_id(), user=admin)
        with db.transaction(someone):
            session = db.session()
            assert session.scalar(text("SELECT count(*) FROM super_admin_requests")) == 0

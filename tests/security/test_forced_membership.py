"""Attempts to add a member without consent, and to find out who has an account."""

from collections import Counter

import psycopg
import pytest
from sqlalchemy import event

from kit import db
from tests import factories

INVITATIONS = "/api/invitations"
ROWS = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"


@pytest.fixture
def attacker(api, company):
    return api.acting_as(factories.make_member(company), company)


def log_in(api, user):
    return api.post("/api/auth/login", {"email": user.email, "password": factories.PASSWORD}).json


def scope(answer):
    return answer["role"], answer["company_id"], answer["shop_id"]


class TestAStranger:
    """The user whom the attacker tries to make a member."""

    @pytest.fixture(params=["customer", "admin elsewhere"])
    def victim(self, request, database):
        if request.param == "customer":
            return factories.make_user()
        return factories.make_member(factories.make_company())

    def test_is_not_changed_by_anything_the_admin_tries(self, api, attacker, company, victim):
        shop = factories.make_shop(company)
        before = scope(log_in(api, victim)), api.acting_as(victim).get("/api/me").json
        for role in ("company_admin", "shop_manager", "staff"):
            for more in ({}, {"shop_id": str(shop.id)}, {"user_id": str(victim.id)}):
                body = {"email": victim.email, "role": role, **more}
                for path in ("/api/members", INVITATIONS, f"/api/shops/{shop.id}/staff"):
                    answer = attacker.post(path, body)
                    assert answer.status_code in (201, 405, 422, 429)
                    assert str(victim.id) not in answer.text.replace(str(more.get("user_id")), "")
                    assert victim.name not in answer.text
        assert (scope(log_in(api, victim)), api.acting_as(victim).get("/api/me").json) == before
        listed = attacker.get("/api/members").json["data"]
        assert str(victim.id) not in {row["user_id"] for row in listed}

    def test_decides_by_accepting_and_can_leave_again(self, api, company, victim):
        before = scope(log_in(api, victim))
        _, token = factories.invite(victim.email, factories.make_member(company), company)
        membership = api.post("/api/auth/accept-invitation", {"token": token}).json
        assert scope(log_in(api, victim)) == ("staff", str(company.id), None)
        assert api.acting_as(victim).delete(f"/api/me/memberships/{membership['id']}").status_code == 204
        assert scope(log_in(api, victim)) == ("customer", None, None)
        if before[1]:  # what they had elsewhere is still theirs
            answer = api.post(
                "/api/auth/login",
                {"email": victim.email, "password": factories.PASSWORD, "company_id": before[1]},
            )
            assert scope(answer.json) == before


class TestWhoHasAnAccount:
    @pytest.fixture
    def traces(self, database):
        """The traces of a request: the number of statements, and the rows by table."""

        def of(request):
            statements = []
            event.listen(db.app_engine(), "before_cursor_execute", note := lambda *args: statements.append(args[2]))
            try:
                answer = request()
            finally:
                event.remove(db.app_engine(), "before_cursor_execute", note)
            with psycopg.connect(database) as owner:
                tables = [name for (name,) in owner.execute(ROWS)]
                rows = Counter({name: owner.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables})
            return answer, statements, rows

        return of

    def test_is_not_revealed_by_an_invitation(self, attacker, traces):
        registered, nobody = factories.make_user().email, "nobody@customers.example"
        attacker.post(INVITATIONS, {"email": "first@customers.example", "role": "staff"})  # begins the sender's quota
        with_account = traces(lambda: attacker.post(INVITATIONS, {"email": registered, "role": "staff"}))
        without = traces(lambda: attacker.post(INVITATIONS, {"email": nobody, "role": "staff"}))
        again = traces(lambda: attacker.post(INVITATIONS, {"email": "nobody@else.example", "role": "staff"}))
        assert with_account[0].status_code == without[0].status_code == 201
        assert with_account[0].json.keys() == without[0].json.keys()
        assert with_account[1] == without[1] != []
        assert without[2] - with_account[2] == again[2] - without[2] != Counter()
        rows = attacker.get(INVITATIONS).json["data"]
        assert {row["accepted_at"] for row in rows} == {None}

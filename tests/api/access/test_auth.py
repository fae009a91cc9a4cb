"""Logging in and out, over HTTP."""

import psycopg
import pytest
from argon2 import PasswordHasher

from domain.accounts import passwords
from kit.ids import new_id
from tests import factories

LOGIN = "/api/auth/login"
REFRESH = "/api/auth/refresh"


def log_in(api, user, **more):
    return api.post(LOGIN, {"email": user.email, "password": factories.PASSWORD, **more})


class TestLogIn:
    def test_acts_for_the_company_joined_last(self, api):
        user, company = factories.make_member(factories.make_company(), "staff"), factories.make_company()
        factories.join(user, company)
        answer = log_in(api, user)
        assert (answer.json["company_id"], answer.json["role"]) == (str(company.id), "company_admin")

    @pytest.mark.parametrize("wish", [{"company_id": "first"}, {"company_id": None}])
    @pytest.mark.parametrize("by", ["login", "refresh"])
    def test_acts_for_the_company_chosen_last(self, api, wish, by):
        first = factories.make_company()
        user = factories.make_member(first, "staff")
        factories.join(user, factories.make_company())
        if wish["company_id"]:
            wish = {"company_id": str(first.id)}
        tokens = log_in(api, user, **(wish if by == "login" else {})).json
        if by == "refresh":
            assert api.post(REFRESH, {"refresh_token": tokens["refresh_token"], **wish}).status_code == 200
        assert log_in(api, user).json["company_id"] == wish["company_id"]

    def test_keeps_the_chosen_company_when_another_is_refused(self, api):
        company = factories.make_company()
        user = factories.make_member(company)
        assert log_in(api, user, company_id=str(factories.make_company().id)).status_code == 404
        assert log_in(api, user).json["company_id"] == str(company.id)

    def test_acts_as_a_customer_once_the_role_in_the_chosen_company_is_gone(self, api):
        company = factories.make_company()
        user, admin = factories.make_member(company, "staff"), factories.make_member(company)
        factories.join(admin, factories.make_company())
        as_admin = api.acting_as(admin, company)
        own = next(row["id"] for row in as_admin.get("/api/members").json["data"] if row["user_id"] == str(user.id))
        assert as_admin.delete(f"/api/members/{own}").status_code == 204
        answer = log_in(api, user)
        assert (answer.status_code, answer.json["company_id"], answer.json["role"]) == (200, None, "customer")

    def test_acts_as_a_customer_without_any_role(self, api):
        answer = log_in(api, factories.make_user())
        assert (answer.json["company_id"], answer.json["role"]) == (None, "customer")

    def test_acts_as_a_customer_for_a_member_who_sends_null(self, api):
        answer = log_in(api, factories.make_member(factories.make_company()), company_id=None)
        assert (answer.json["company_id"], answer.json["role"]) == (None, "customer")

    def test_acts_for_one_shop_when_the_role_is_for_that_shop(self, api):
        company = factories.make_company()
        shop = factories.make_shop(company)
        answer = log_in(api, factories.make_member(company, "staff", shop=shop), company_id=str(company.id))
        assert (answer.json["role"], answer.json["shop_id"]) == ("staff", str(shop.id))

    def test_gives_the_same_response_for_a_foreign_and_an_unknown_company(self, api):
        user = factories.make_user()
        foreign = log_in(api, user, company_id=str(factories.make_company().id))
        none = log_in(api, user, company_id=str(new_id()))
        assert foreign.status_code == none.status_code == 404
        assert without_instance(foreign) == without_instance(none)

    def test_gives_the_same_response_for_a_wrong_password_and_an_unknown_user(self, api, published):
        user = factories.make_user()
        wrong = api.post(LOGIN, {"email": user.email, "password": "a wrong one"})
        unknown = api.post(LOGIN, {"email": "nobody@customers.example", "password": "a wrong one"})
        assert wrong.status_code == unknown.status_code == 401
        assert without_instance(wrong) == without_instance(unknown)
        assert [event["reason"] for event in published("auth.login_failed")] == ["wrong_password"] * 2

    def test_does_the_same_work_for_a_wrong_password_and_for_an_unknown_user(self, api, monkeypatch):
        user, worked = factories.make_user(), []
        verify = PasswordHasher.verify
        monkeypatch.setattr(PasswordHasher, "verify", lambda *args: worked.append(args[1][:30]) or verify(*args))
        for email in (user.email, "nobody@customers.example"):
            api.post(LOGIN, {"email": email, "password": "a wrong one"})
        assert len(worked) == 2
        assert worked[0] == worked[1]  # argon2id with the same parameters

    def test_ignores_the_case_of_the_mail_address(self, api):
        user = factories.make_user()
        assert api.post(LOGIN, {"email": user.email.upper(), "password": factories.PASSWORD}).status_code == 200

    def test_rehashes_a_password_with_an_outdated_hash(self, api, database):
        user, old = factories.make_user(), PasswordHasher(time_cost=1, memory_cost=64).hash(factories.PASSWORD)
        with psycopg.connect(database) as connection:
            connection.execute("UPDATE users SET password_hash = %s", [old])
        assert log_in(api, user).status_code == 200
        with psycopg.connect(database) as connection:
            kept = connection.execute("SELECT password_hash FROM users").fetchone()[0]
        assert kept != old
        assert not passwords.needs_rehash(factories.PASSWORD, kept)
        assert log_in(api, user).status_code == 200

    def test_accepts_another_unicode_form_of_the_password_and_normalizes_its_hash(self, api, database):
        typed, elsewhere = "cafe\u0301 in Montre\u0301al", "caf\u00e9 in Montr\u00e9al"
        user, old = factories.make_user(), PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1).hash(typed)
        with psycopg.connect(database) as connection:
            connection.execute("UPDATE users SET password_hash = %s", [old])
        statuses = [
            api.post(LOGIN, {"email": user.email, "password": password}).status_code
            for password in (elsewhere, typed, elsewhere, typed)
        ]
        assert statuses == [401, 200, 200, 200]


class TestGuessing:
    @pytest.fixture
    def user(self, database):
        return factories.make_user()

    def guess(self, api, email, password="a wrong one", address="198.51.100.1"):
        body = {"email": email, "password": password}
        return api.post(LOGIN, body, environ_base={"REMOTE_ADDR": address})

    def test_is_throttled_after_some_wrong_passwords(self, api, user):
        statuses = [self.guess(api, user.email).status_code for _ in range(6)]
        assert statuses == [401] * 5 + [429]
        answer = self.guess(api, user.email, factories.PASSWORD)
        assert (answer.status_code, answer.json["code"]) == (429, "too_many_attempts")
        assert int(answer.headers["Retry-After"]) >= 1

    def test_does_not_throttle_the_user_at_another_address(self, api, user):
        for _ in range(6):
            self.guess(api, user.email)
        assert self.guess(api, user.email, factories.PASSWORD, address="203.0.113.7").status_code == 200

    def test_does_not_reveal_whether_the_user_exists(self, api, user):
        answers = [
            [self.guess(api, email).status_code for _ in range(6)] for email in (user.email, "nobody@customers.example")
        ]
        assert answers[0] == answers[1]

    def test_is_reset_by_the_right_password(self, api, user):
        for _ in range(2):
            for _ in range(4):
                self.guess(api, user.email)
            assert self.guess(api, user.email, factories.PASSWORD).status_code == 200


class TestRefresh:
    def test_no_longer_acts_for_a_company_that_the_user_has_left(self, api):
        company = factories.make_company()
        factories.make_member(company)
        tokens = log_in(api, factories.make_member(company)).json
        admin = api.acting_as(factories.make_member(company), company)
        leaving = [row["id"] for row in admin.get("/api/members").json["data"]][1]
        assert admin.delete(f"/api/members/{leaving}").status_code == 204
        answer = api.post(REFRESH, {"refresh_token": tokens["refresh_token"]})
        assert (answer.status_code, answer.json["code"]) == (404, "company_not_found")

    def test_keeps_acting_for_the_same_company(self, api):
        company = factories.make_company()
        tokens = log_in(api, factories.make_member(company)).json
        answer = api.post(REFRESH, {"refresh_token": tokens["refresh_token"]})
        assert (answer.status_code, answer.json["company_id"]) == (200, str(company.id))

    def test_switches_to_a_company_created_since(self, api):
        user = factories.make_user()
        tokens = log_in(api, user).json
        body = {"name": "Ink Ltd", "email": "hi@ink.example", "currency": "GBP"}
        company = api.acting_as(user).post("/api/companies", body).json
        answer = api.post(REFRESH, {"refresh_token": tokens["refresh_token"], "company_id": company["id"]})
        assert (answer.json["company_id"], answer.json["role"]) == (company["id"], "company_admin")

    def test_ends_the_session_when_a_token_is_reused(self, api):
        first = log_in(api, factories.make_user()).json["refresh_token"]
        second = api.post(REFRESH, {"refresh_token": first}).json["refresh_token"]
        third = api.post(REFRESH, {"refresh_token": second}).json["refresh_token"]
        assert api.post(REFRESH, {"refresh_token": first}).status_code == 401
        answer = api.post(REFRESH, {"refresh_token": third})
        assert (answer.status_code, answer.json["code"]) == (401, "session_ended")

    def test_accepts_a_token_twice_within_the_grace_period(self, api):
        token = log_in(api, factories.make_user()).json["refresh_token"]
        answers = [api.post(REFRESH, {"refresh_token": token}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert len({answer.json["refresh_token"] for answer in answers}) == 1

    def test_keeps_the_token_valid_when_the_company_is_wrong(self, api):
        token = log_in(api, factories.make_user()).json["refresh_token"]
        assert api.post(REFRESH, {"refresh_token": token, "company_id": str(new_id())}).status_code == 404
        assert api.post(REFRESH, {"refresh_token": token}).status_code == 200

    @pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
    def test_refuses_a_malformed_token(self, api, token):
        assert api.post(REFRESH, {"refresh_token": token}).status_code == 401

    def test_refuses_an_access_token(self, api):
        token = log_in(api, factories.make_user()).json["access_token"]
        assert api.post(REFRESH, {"refresh_token": token}).json["code"] == "session_ended"


class TestLogOut:
    def test_ends_the_session(self, api):
        token = log_in(api, factories.make_user()).json["refresh_token"]
        assert api.post("/api/auth/logout", {"refresh_token": token}).status_code == 204
        assert api.post(REFRESH, {"refresh_token": token}).status_code == 401

    def test_can_be_repeated(self, api):
        token = log_in(api, factories.make_user()).json["refresh_token"]
        answers = [api.post("/api/auth/logout", {"refresh_token": token}).status_code for _ in range(2)]
        assert answers == [204, 204]


class TestAccessToken:
    def test_identifies_the_user(self, api):
        company = factories.make_company()
        user = factories.make_member(company)
        me = api.acting_as(user, company).get("/api/me").json
        assert (me["id"], me["role"], me["company_id"]) == (str(user.id), "company_admin", str(company.id))
        (held,) = me["memberships"]
        assert (held["company_id"], held["shop_id"], held["role"]) == (str(company.id), None, "company_admin")

    def test_is_required(self, api):
        answer = api.get("/api/me")
        assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    @pytest.mark.parametrize(
        "header", ["Bearer", "Bearer nonsense", "Basic YTpi", "Bearer a.b.c", "Bearer a b c", "Bearer é.é.é"]
    )
    def test_is_refused_when_malformed(self, api, header):
        assert api.get("/api/me", headers={"Authorization": header}).status_code == 401

    def test_is_not_a_refresh_token(self, api):
        token = log_in(api, factories.make_user()).json["refresh_token"]
        assert api.get("/api/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def without_instance(answer):
    return {name: value for name, value in answer.json.items() if name not in ("instance", "request_id")}

"""Account takeover by registering another person's mail address first."""

import psycopg
import pyotp
import pytest

from domain.accounts import passwords, second_factor
from kit import clock, db
from kit.ids import new_id
from kit.tenancy import Tenant
from tests import factories
from tests.api.client import Api

VICTIM = "victim@customers.example"
THIEFS, OWNERS = "the password of a thief", "three blind mice, see how they run"
HOME = {"name": "Eve", "line1": "1 Dark Alley", "city": "London", "country": "GB"}
FACTOR = "/api/me/second-factor"
LEFT_BEHIND = ("sessions", "refresh_tokens", "api_keys", "second_factors", "recovery_codes", "addresses")


@pytest.fixture
def sql(database):
    with psycopg.connect(database, autocommit=True) as connection:
        yield lambda query, *params: connection.execute(query, params).fetchall()


@pytest.fixture
def mailed(sql):
    """The token in the newest mail with a link for this purpose."""

    def read(purpose):
        links = [link for (link,) in sql("SELECT context->>'link' FROM mails ORDER BY id DESC")]
        return next(link.partition("#")[2] for link in links if f"/{purpose}#" in link)

    return read


@pytest.fixture
def thief(api, sql):
    """The attacker who has registered the victim's address and is logged in; the account has rows of every kind."""
    api.post("/api/auth/register", {"email": VICTIM, "name": "Eve", "password": THIEFS})
    pair = api.post("/api/auth/login", {"email": VICTIM, "password": THIEFS}).json
    thief = Api(api.app, pair["access_token"])
    thief.refresh_token = pair["refresh_token"]
    assert thief.post("/api/me/addresses", {"label": "Home", "address": HOME}).status_code == 201
    assert thief.patch("/api/me", {"phone": "+442079460958"}).status_code == 200
    [(user_id,)] = sql("SELECT id FROM users WHERE email = %s", VICTIM)
    with db.transaction(Tenant(user_id=user_id)):  # as it was once possible
        code = pyotp.TOTP(second_factor.start_enrolment(user_id=user_id)).at(clock.now())
        second_factor.confirm_enrolment(user_id=user_id, code=code, now=clock.now())
    company = factories.make_company()
    sql(
        "INSERT INTO api_keys (id, company_id, created_by, name, prefix, hash, permissions, expires_at)"
        " VALUES (%s, %s, %s, 'Robot', 'ox_', 'x', '{}', now() + interval '1 day') RETURNING 1",
        new_id(), company.id, user_id,
    )  # fmt: skip
    return thief


@pytest.fixture
def meanwhile(monkeypatch):
    """Run an action right after a password was verified, before the result is used."""

    def arrange(act):
        fits = passwords.matches

        def hooked(*compared):
            fitted = fits(*compared)
            monkeypatch.setattr(passwords, "matches", fits)
            assert act().status_code == 204
            return fitted

        monkeypatch.setattr(passwords, "matches", hooked)

    return arrange


def left_behind(sql):
    return {table: sql(f"SELECT count(*) FROM {table}")[0][0] for table in LEFT_BEHIND}


def log_in(api, password, **more):
    return api.post("/api/auth/login", {"email": VICTIM, "password": password, **more})


class TestOwner:
    """Take over the account as its owner, by either link."""

    @pytest.fixture(params=["verify-email", "reset-password"])
    def take(self, api, mailed, request):
        def take(password):
            if request.param == "reset-password":
                api.post("/api/auth/forgot-password", {"email": VICTIM})
            return api.post(f"/api/auth/{request.param}", {"token": mailed(request.param), "password": password})

        return take

    def test_logs_in_with_only_the_password_they_chose(self, api, thief, take):
        assert take(OWNERS).status_code == 204
        assert log_in(api, OWNERS).status_code == 200
        assert log_in(api, THIEFS).json["code"] == "invalid_credentials"

    def test_finds_nothing_left_by_the_attacker(self, api, thief, take, sql):
        assert all(left_behind(sql).values())
        take(OWNERS)
        assert left_behind(sql) == dict.fromkeys(LEFT_BEHIND, 0)
        assert sql("SELECT phone, verified_at IS NOT NULL FROM users WHERE email = %s", VICTIM) == [(None, True)]

    def test_ends_all_other_sessions(self, api, thief, take):
        take(OWNERS)
        assert api.post("/api/auth/refresh", {"refresh_token": thief.refresh_token}).status_code == 401

    def test_locks_out_the_attacker_even_when_the_new_password_is_refused(self, api, thief, take, sql):
        before = left_behind(sql)
        assert take("password1").status_code == 422
        assert left_behind(sql) == before
        assert take(OWNERS).status_code == 204

    def test_invalidates_all_other_links(self, api, thief, mailed, take):
        api.post("/api/auth/forgot-password", {"email": VICTIM})
        links = {purpose: mailed(purpose) for purpose in ("verify-email", "reset-password")}
        take(OWNERS)
        for purpose, token in links.items():
            answer = api.post(f"/api/auth/{purpose}", {"token": token, "password": "another horse battery"})
            assert answer.json["code"] == "link_expired", purpose

    def test_keeps_rows_of_other_users(self, api, thief, take, sql):
        other = factories.make_member(factories.make_company())
        bystander = api.acting_as(other)
        bystander.post("/api/me/addresses", {"label": "Home", "address": HOME})
        take(OWNERS)
        assert [row["label"] for row in bystander.get("/api/me/addresses").json["data"]] == ["Home"]
        assert sql("SELECT user_id FROM sessions") == [(other.id,)]


class TestOwnerWhoRegistered:
    def test_stays_logged_in_after_verifying_with_the_same_password(self, api, mailed, sql):
        api.post("/api/auth/register", {"email": VICTIM, "name": "Ada", "password": OWNERS})
        pair = log_in(api, OWNERS).json
        me = Api(api.app, pair["access_token"])
        me.post("/api/me/addresses", {"label": "Home", "address": HOME})
        body = {"token": mailed("verify-email"), "password": OWNERS}
        assert api.post("/api/auth/verify-email", body).status_code == 204
        assert api.post("/api/auth/refresh", {"refresh_token": pair["refresh_token"]}).status_code == 200
        assert len(me.get("/api/me/addresses").json["data"]) == 1

    def test_keeps_a_second_factor_through_a_reset_once_verified(self, api, mailed, sql):
        user = factories.make_user(email=VICTIM)
        with db.transaction(Tenant(user_id=user.id)):
            code = pyotp.TOTP(second_factor.start_enrolment(user_id=user.id)).at(clock.now())
            second_factor.confirm_enrolment(user_id=user.id, code=code, now=clock.now())
        api.post("/api/auth/forgot-password", {"email": VICTIM})
        api.post("/api/auth/reset-password", {"token": mailed("reset-password"), "password": OWNERS})
        assert log_in(api, OWNERS).json["code"] == "second_factor_required"


class TestStranger:
    @pytest.mark.parametrize("path", [FACTOR, f"{FACTOR}/confirm"])
    def test_cannot_enable_a_second_factor(self, api, path, sql):
        stranger = api.acting_as(factories.make_user(verified=False))
        body = {"password": factories.PASSWORD} if path == FACTOR else {"code": "123456"}
        answer = stranger.post(path, body)
        assert (answer.status_code, answer.json["code"]) == (403, "email_unverified")
        assert sql("SELECT FROM second_factors") == []

    def test_gains_nothing_by_changing_the_password_during_verification(self, api, mailed, meanwhile):
        api.post("/api/auth/register", {"email": VICTIM, "name": "Eve", "password": OWNERS})
        stranger = Api(api.app, log_in(api, OWNERS).json["access_token"])
        change = {"current_password": OWNERS, "password": THIEFS}
        meanwhile(lambda: stranger.put("/api/me/password", change))
        api.post("/api/auth/verify-email", {"token": mailed("verify-email"), "password": OWNERS})
        assert log_in(api, OWNERS).status_code == 200
        assert log_in(api, THIEFS).status_code == 401

    def test_cannot_log_in_during_the_takeover(self, api, thief, mailed, meanwhile, sql):
        sql("DELETE FROM second_factors RETURNING 1")
        proof = {"token": mailed("verify-email"), "password": OWNERS}
        meanwhile(lambda: api.post("/api/auth/verify-email", proof))
        assert log_in(api, THIEFS).json["code"] == "invalid_credentials"
        assert sql("SELECT FROM sessions") == []

    def test_cannot_change_the_password_during_a_reset(self, api, mailed, meanwhile):
        user = factories.make_user(email=VICTIM)
        stranger = api.acting_as(user)
        api.post("/api/auth/forgot-password", {"email": VICTIM})
        proof = {"token": mailed("reset-password"), "password": OWNERS}
        meanwhile(lambda: api.post("/api/auth/reset-password", proof))
        change = {"current_password": factories.PASSWORD, "password": THIEFS}
        assert stranger.put("/api/me/password", change).json["code"] == "session_ended"
        assert log_in(api, OWNERS).status_code == 200

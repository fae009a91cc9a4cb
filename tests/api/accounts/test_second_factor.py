"""The second factor: enabling it, logging in with it, and losing it, over HTTP."""

from datetime import timedelta

import psycopg
import pyotp
import pytest

from domain.accounts import second_factor
from kit import clock, db
from kit.tenancy import Tenant
from tests import factories

FACTOR = "/api/me/second-factor"
PASSWORD = {"password": factories.PASSWORD}
STEP = timedelta(seconds=30)


@pytest.fixture
def user(database):
    return factories.make_user()


@pytest.fixture
def me(api, user):
    return api.acting_as(user)


@pytest.fixture
def app(me):
    """The authenticator app, of a second factor that is offered."""
    return pyotp.TOTP(me.post(FACTOR, PASSWORD).json["secret"])


@pytest.fixture
def recovery_codes(me, app):
    """The recovery codes, of a second factor that is on."""
    return me.post(f"{FACTOR}/confirm", {"code": app.at(clock.now())}).json["recovery_codes"]


def log_in(api, user, **more):
    answer = api.post("/api/auth/login", {"email": user.email, **PASSWORD, **more})
    return answer.status_code, answer.json.get("code")


class TestSetUp:
    def test_is_for_an_authenticator_app(self, me, user):
        offered = me.post(FACTOR, PASSWORD).json
        parsed = pyotp.parse_uri(offered["uri"])
        assert (parsed.secret, parsed.name, parsed.issuer) == (offered["secret"], user.email, "OrderX")

    def test_has_no_effect_until_confirmed(self, api, me, user, app):
        assert log_in(api, user) == (200, None)
        assert me.get(FACTOR).json == {"is_enabled": False, "recovery_codes_remaining": 0}

    def test_requires_the_password(self, me):
        assert me.post(FACTOR, {"password": "a wrong one"}).json["code"] == "invalid_credentials"

    def test_is_stored_encrypted(self, app, database):
        with psycopg.connect(database) as connection:
            (row,) = connection.execute("SELECT secret FROM second_factors").fetchone()
        assert app.secret.encode() not in row

    def test_is_refused_while_one_is_enabled(self, me, recovery_codes):
        assert me.post(FACTOR, PASSWORD).json["code"] == "second_factor_already_enabled"


class TestConfirm:
    def test_enables_it(self, api, me, user, recovery_codes):
        assert len(set(recovery_codes)) == 10
        assert me.get(FACTOR).json == {"is_enabled": True, "recovery_codes_remaining": 10}
        assert log_in(api, user) == (401, "second_factor_required")

    @pytest.mark.parametrize("wrong", ["000000", "é", "12345", "x" * 40])
    def test_is_refused_with_a_wrong_code(self, api, me, user, app, wrong):
        answer = me.post(f"{FACTOR}/confirm", {"code": wrong})
        assert (answer.status_code, answer.json["code"]) == (401, "invalid_second_factor_code")
        assert log_in(api, user) == (200, None)

    def test_is_refused_without_setup(self, me):
        assert me.post(f"{FACTOR}/confirm", {"code": "123456"}).json["code"] == "invalid_second_factor_code"


class TestLogIn:
    def test_accepts_each_code_once(self, api, user, app, recovery_codes):
        code = app.at(clock.now() + STEP)
        assert log_in(api, user, code=code) == (200, None)
        assert log_in(api, user, code=code) == (401, "invalid_second_factor_code")

    def test_accepts_each_recovery_code_once_in_any_notation(self, api, me, user, recovery_codes):
        typed = recovery_codes[0].lower().replace("-", " ")
        assert log_in(api, user, code=typed) == (200, None)
        assert log_in(api, user, code=recovery_codes[0]) == (401, "invalid_second_factor_code")
        assert me.get(FACTOR).json["recovery_codes_remaining"] == 9

    def test_refuses_recovery_codes_of_others(self, api, me, recovery_codes):
        other = factories.make_user()
        as_other = api.acting_as(other)
        app = pyotp.TOTP(as_other.post(FACTOR, PASSWORD).json["secret"])
        as_other.post(f"{FACTOR}/confirm", {"code": app.now()})
        assert log_in(api, other, code=recovery_codes[0]) == (401, "invalid_second_factor_code")

    def test_does_not_reveal_the_second_factor_without_the_password(self, api, user, recovery_codes):
        answer = api.post(
            "/api/auth/login", {"email": user.email, "password": "a wrong one", "code": recovery_codes[0]}
        )
        assert answer.json["code"] == "invalid_credentials"
        assert log_in(api, user, code=recovery_codes[0]) == (200, None)

    def test_throttles_guessing(self, api, user, recovery_codes):
        answers = [log_in(api, user, code="000000")[0] for _ in range(6)]
        assert answers == [401] * 5 + [429]


class TestCode:
    @pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
    def test_is_valid_with_half_a_minute_of_clock_skew(self, user, steps, taken):
        now = clock.now()
        with db.transaction(Tenant(user_id=user.id)):
            app = pyotp.TOTP(second_factor.start_enrolment(user_id=user.id))
            code = app.at(now + steps * STEP)
            if taken:
                assert second_factor.confirm_enrolment(user_id=user.id, code=code, now=now)
            else:
                assert second_factor.confirm_enrolment(user_id=user.id, code=code, now=now) is None


class TestDisable:
    def test_requires_both_factors_and_then_login_requires_one(self, api, me, user, recovery_codes):
        for wrong in ({"password": "a wrong one", "code": recovery_codes[0]}, {**PASSWORD, "code": "000000"}):
            assert me.post(f"{FACTOR}/remove", wrong).status_code == 401
        assert me.post(f"{FACTOR}/remove", {**PASSWORD, "code": recovery_codes[0]}).status_code == 204
        assert log_in(api, user) == (200, None)

    def test_leaves_nothing_of_it_when_the_user_is_erased(self, me, recovery_codes, database):
        assert me.post("/api/me/erase", PASSWORD).status_code == 204
        with psycopg.connect(database) as connection:
            for table in ("second_factors", "recovery_codes"):
                assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)

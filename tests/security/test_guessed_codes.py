"""Guessing codes of the second factor with a known password, from many network addresses."""

from datetime import timedelta
from itertools import count

import pyotp
import pytest

from domain.accounts import second_factor
from domain.accounts.throttle import WRONG_SECOND_FACTOR_CODES
from kit import clock, db
from kit.errors import TooManyRequests
from kit.tenancy import Tenant
from tests import factories
from tests.concurrency import run_concurrently

MOMENT = timedelta(milliseconds=1)


@pytest.fixture
def user(database):
    return factories.make_user()


@pytest.fixture
def app(user):
    """The user's authenticator app."""
    with db.transaction(Tenant(user_id=user.id)):
        return pyotp.TOTP(second_factor.start_enrolment(user_id=user.id))


@pytest.fixture
def recovery_codes(user, app):
    """The recovery codes of an enabled second factor."""
    with db.transaction(Tenant(user_id=user.id)):
        return second_factor.confirm_enrolment(user_id=user.id, code=app.at(clock.now()), now=clock.now())


@pytest.fixture
def guess(api, user):
    """Log in with a code, each time from another network address."""
    numbers = count(1)

    def guess(code="000000"):
        body = {"email": user.email, "password": factories.PASSWORD, "code": code}
        return api.post("/api/auth/login", body, environ_base={"REMOTE_ADDR": f"198.51.100.{next(numbers)}"})

    return guess


class TestGuesser:
    def test_has_ten_attempts_an_hour_from_all_addresses_together(self, guess, recovery_codes):
        answers = [guess() for _ in range(12)]
        assert [answer.json["code"] for answer in answers] == ["invalid_second_factor_code"] * 10 + [
            "too_many_attempts"
        ] * 2
        assert 3500 < int(answers[-1].headers["Retry-After"]) <= 3600

    def test_cannot_log_in_with_any_code_while_blocked(self, guess, app, recovery_codes):
        for _ in range(10):
            guess()
        for code in (app.at(clock.now() + timedelta(seconds=30)), recovery_codes[0]):
            assert guess(code).status_code == 429

    def test_gains_nothing_by_concurrent_guesses(self, guess, recovery_codes):
        answers = [answer.json["code"] for answer in run_concurrently(16, guess)]
        assert answers.count("invalid_second_factor_code") == 10

    def test_gains_nothing_by_a_correct_code_in_between(self, guess, recovery_codes):
        answers = [guess(code).status_code for code in ["000000"] * 9 + [recovery_codes[0]] + ["000000"] * 2]
        assert answers == [401] * 9 + [200, 401, 429]

    def test_cannot_enable_one_by_guessing(self, api, user, app):
        stranger = api.acting_as(user)
        answers = [stranger.post("/api/me/second-factor/confirm", {"code": "000000"}) for _ in range(11)]
        assert [answer.status_code for answer in answers] == [401] * 10 + [429]


class TestUser:
    def test_can_log_in_an_hour_after_the_first_wrong_code(self, user, recovery_codes):
        def accepts(code, at):
            with db.transaction(Tenant(user_id=user.id)):
                return second_factor.verify_code(user_id=user.id, code=code, now=at)

        now = clock.now()
        assert not any(accepts("000000", now) for _ in range(WRONG_SECOND_FACTOR_CODES.limit))
        with pytest.raises(TooManyRequests):
            accepts(recovery_codes[0], now + WRONG_SECOND_FACTOR_CODES.window - MOMENT)
        assert accepts(recovery_codes[0], now + WRONG_SECOND_FACTOR_CODES.window)

    def test_is_not_blocked_by_guesses_without_the_password(self, api, user, guess, recovery_codes):
        for _ in range(12):
            api.post("/api/auth/login", {"email": user.email, "password": "a wrong one", "code": "000000"})
        assert guess(recovery_codes[0]).status_code == 200

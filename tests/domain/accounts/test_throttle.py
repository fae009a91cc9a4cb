"""Limits on attempts to log in."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from domain.accounts import throttle
from domain.accounts.throttle import PASSWORD_ATTEMPTS, RESET_AFTER, Backoff, Quota
from kit import clock, db
from kit.errors import TooManyRequests
from kit.tenancy import Tenant

NOTHING, SECOND = timedelta(), timedelta(seconds=1)


@pytest.fixture
def now(database):
    return clock.now()


def attempt(*who, now):
    with db.transaction(Tenant()):
        return throttle.count_attempt(PASSWORD_ATTEMPTS, *who, now=now)


def exhaust(*who, now):
    for _ in range(PASSWORD_ATTEMPTS.free_attempts):
        assert attempt(*who, now=now) == NOTHING


class TestDelayAfter:
    def test_doubles_up_to_the_maximum(self):
        slow = Backoff("slow", free_attempts=2, first_delay=SECOND, max_delay=timedelta(seconds=5))
        assert [slow.delay_after(attempts).seconds for attempts in range(7)] == [0, 0, 1, 2, 4, 5, 5]

    def test_accepts_any_number(self):
        assert PASSWORD_ATTEMPTS.delay_after(1_000_000) == PASSWORD_ATTEMPTS.max_delay


class TestCountAttempt:
    def test_allows_the_free_attempts(self, now):
        exhaust("ada", now=now)
        assert attempt("ada", now=now) == SECOND

    def test_allows_one_attempt_after_the_delay_and_then_doubles_it(self, now):
        exhaust("ada", now=now)
        assert attempt("ada", now=now + SECOND) == NOTHING
        assert attempt("ada", now=now + SECOND) == 2 * SECOND

    def test_does_not_count_attempts_that_must_wait(self, now):
        exhaust("ada", now=now)
        for _ in range(10):
            assert attempt("ada", now=now) == SECOND

    def test_does_not_affect_other_subjects(self, now):
        exhaust("ada", "here", now=now)
        for others in (("ada", "there"), ("eve", "here"), ("adahere",)):
            assert attempt(*others, now=now) == NOTHING

    def test_resets_after_a_day(self, now):
        exhaust("ada", now=now)
        exhaust("ada", now=now + RESET_AFTER + SECOND)

    def test_allows_no_more_attempts_when_they_are_concurrent(self, now):
        with ThreadPoolExecutor(8) as pool:
            waits = list(pool.map(lambda _: attempt("ada", now=now), range(12)))
        assert waits.count(NOTHING) == PASSWORD_ATTEMPTS.free_attempts


class TestReset:
    def test_resets_the_count(self, now):
        exhaust("ada", now=now)
        with db.transaction(Tenant()):
            throttle.reset(PASSWORD_ATTEMPTS, "ada", now=now)
        exhaust("ada", now=now)


THREE_AN_HOUR = Quota("three", "You may do this 3 times an hour", limit=3, window=timedelta(hours=1))


def use(*who, now, quota=THREE_AN_HOUR):
    """How long to wait, nothing when it was counted."""
    try:
        with db.transaction(Tenant()):
            throttle.consume(quota, *who, now=now)
    except TooManyRequests as refused:
        return timedelta(seconds=refused.seconds)
    return NOTHING


class TestQuota:
    def test_allows_the_limit_within_any_window(self, now):
        minute = timedelta(minutes=1)
        assert [use("ada", now=now + at * 10 * minute) for at in range(3)] == [NOTHING] * 3
        assert use("ada", now=now + 59 * minute) == minute
        assert use("ada", now=now + 60 * minute) == NOTHING
        assert use("ada", now=now + 69 * minute) == minute
        assert use("ada", now=now + 70 * minute) == NOTHING

    def test_does_not_count_refused_uses(self, now):
        for _ in range(3):
            use("ada", now=now)
        assert {use("ada", now=now + timedelta(minutes=30)) for _ in range(5)} == {timedelta(minutes=30)}

    def test_does_not_affect_other_subjects(self, now):
        for _ in range(3):
            use("ada", now=now)
        assert use("eve", now=now) == NOTHING
        assert use("ada", now=now, quota=Quota("other", "", limit=1, window=SECOND)) == NOTHING

    def test_counts_addresses_of_one_mailbox_as_one(self, now):
        people = ("ada@x.example", "ada+a@x.example", "ada+a+b@x.example", "ada+@x.example", "ada@y.example")
        assert [use(who, now=now) == NOTHING for who in people] == [True, True, True, False, True]

    def test_allows_the_last_use_to_one_of_concurrent_transactions(self, now):
        with ThreadPoolExecutor(8) as pool:
            waits = list(pool.map(lambda _: use("ada", now=now), range(8)))
        assert waits.count(NOTHING) == 3


class TestMailbox:
    @pytest.mark.parametrize(
        ("address", "expected"),
        [("a+x@b.example", "a@b.example"), ("a@b.example", "a@b.example"), ("here", "here"), ("a+x", "a+x")],
    )
    def test_leaves_out_the_subaddress(self, address, expected):
        assert throttle.mailbox(address) == expected

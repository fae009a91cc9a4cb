"""Slowing down who tries too often."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from domain.identity import pace
from domain.identity.pace import FORGOTTEN_AFTER, PASSWORD, Pace
from kit import clock, db
from kit.tenancy import Tenant

NOTHING, SECOND = timedelta(), timedelta(seconds=1)


@pytest.fixture
def now(database):
    return clock.now()


def attempt(*who, now):
    with db.transaction(Tenant()):
        return pace.attempt(PASSWORD, *who, now=now)


def exhaust(*who, now):
    for _ in range(PASSWORD.free):
        assert attempt(*who, now=now) == NOTHING


class TestPause:
    def test_doubles_up_to_the_longest(self):
        slow = Pace("slow", free=2, first=SECOND, longest=timedelta(seconds=5))
        assert [slow.pause(attempts).seconds for attempts in range(7)] == [0, 0, 1, 2, 4, 5, 5]

    def test_is_known_for_any_number(self):
        assert PASSWORD.pause(1_000_000) == PASSWORD.longest


class TestAttempt:
    def test_lets_the_free_ones_through(self, now):
        exhaust("ada", now=now)
        assert attempt("ada", now=now) == SECOND

    def test_lets_one_through_after_the_pause_and_then_asks_for_a_longer_one(self, now):
        exhaust("ada", now=now)
        assert attempt("ada", now=now + SECOND) == NOTHING
        assert attempt("ada", now=now + SECOND) == 2 * SECOND

    def test_counts_none_that_has_to_wait(self, now):
        exhaust("ada", now=now)
        for _ in range(10):
            assert attempt("ada", now=now) == SECOND

    def test_leaves_others_alone(self, now):
        exhaust("ada", "here", now=now)
        for others in (("ada", "there"), ("eve", "here"), ("adahere",)):
            assert attempt(*others, now=now) == NOTHING

    def test_begins_anew_after_a_day(self, now):
        exhaust("ada", now=now)
        exhaust("ada", now=now + FORGOTTEN_AFTER + SECOND)

    def test_lets_no_more_through_when_many_come_at_once(self, now):
        with ThreadPoolExecutor(8) as pool:
            waits = list(pool.map(lambda _: attempt("ada", now=now), range(12)))
        assert waits.count(NOTHING) == PASSWORD.free


class TestForget:
    def test_begins_anew(self, now):
        exhaust("ada", now=now)
        with db.transaction(Tenant()):
            pace.forget(PASSWORD, "ada", now=now)
        exhaust("ada", now=now)

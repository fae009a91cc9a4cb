"""Logins: tokens that replace each other."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest

from domain.identity import logins
from domain.identity.errors import LoginNotFound
from domain.identity.logins import GRACE, LASTS, Opened
from kit import clock, db, secret_tokens
from kit.ids import new_id
from kit.tenancy import Tenant
from tests import factories
from workers import sweeper

MOMENT = timedelta(milliseconds=1)


@pytest.fixture
def user(database):
    return factories.make_user()


@pytest.fixture
def opened(user):
    return begin(user)


@pytest.fixture
def now():
    return clock.now()


def begin(user, *, now=None) -> Opened:
    with db.transaction(Tenant(user_id=user.id)):
        return logins.begin(user_id=user.id, acts_for=None, device="Firefox", now=now or clock.now())


def replace(opened: Opened, *, at=None) -> Opened | None:
    with db.transaction(Tenant()):
        return logins.replace(refresh_token=opened.refresh_token, now=at or clock.now())


def live(user):
    with db.transaction(Tenant(user_id=user.id)):
        return [login.id for login in logins.live(user_id=user.id, now=clock.now())]


class TestReplace:
    def test_stays_in_the_same_login(self, opened):
        successor = replace(opened)
        assert (successor.login.id, successor.login.user_id) == (opened.login.id, opened.login.user_id)
        assert successor.refresh_token != opened.refresh_token

    def test_acts_for_the_tokens_user_from_there_on(self, user, opened):
        with db.transaction(Tenant()):
            assert logins.live(user_id=user.id, now=clock.now()) == []
            logins.replace(refresh_token=opened.refresh_token, now=clock.now())
            assert [login.id for login in logins.live(user_id=user.id, now=clock.now())] == [opened.login.id]

    def test_takes_a_token_up_to_its_last_minute(self, opened, now):
        assert replace(opened, at=opened.login.lapses_at - timedelta(minutes=1)) is not None

    def test_refuses_an_expired_token(self, opened):
        assert replace(opened, at=opened.login.lapses_at) is None

    def test_refuses_a_token_there_never_was(self, user):
        with db.transaction(Tenant()):
            assert logins.replace(refresh_token=secret_tokens.new_token(), now=clock.now()) is None

    def test_ends_the_login_when_a_token_comes_again_after_the_grace(self, opened, now):
        successor = replace(opened, at=now)
        assert replace(opened, at=now + GRACE + MOMENT) is None
        assert replace(successor, at=now + GRACE + MOMENT) is None

    def test_ends_the_login_within_the_grace_when_somebody_has_gone_on_already(self, opened, now):
        successor = replace(opened, at=now)
        last = replace(successor, at=now)
        assert replace(opened, at=now) is None
        assert replace(last, at=now) is None

    def test_ends_the_login_when_a_token_from_long_ago_comes_again(self, opened, now):
        latest = opened
        for _ in range(3):
            latest = replace(latest, at=now)
        assert replace(opened, at=now + timedelta(days=2)) is None
        assert replace(latest, at=now + timedelta(days=2)) is None

    def test_gives_a_client_that_lost_the_answer_the_same_successor(self, opened, now):
        lost = replace(opened, at=now)
        again = replace(opened, at=now + GRACE)
        assert again.refresh_token == lost.refresh_token
        assert replace(again, at=now + GRACE) is not None

    def test_gives_tabs_that_ask_at_once_the_same_successor(self, opened):
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(replace, [opened] * 4))
        assert len({answer.refresh_token for answer in answers}) == 1
        with ThreadPoolExecutor(4) as pool:
            assert len({answer.refresh_token for answer in pool.map(replace, answers)}) == 1

    def test_gives_each_of_two_logins_successors_of_its_own(self, user, opened, now):
        other = begin(user)
        tokens = {replace(each, at=now).refresh_token for each in (opened, other)}
        assert len(tokens | {opened.refresh_token, other.refresh_token}) == 4

    def test_refuses_the_other_successors_of_a_token_once_one_is_used(self, opened, now, database):
        """Older releases handed out several, each of which could go on for ever."""
        first = replace(opened, at=now)
        with psycopg.connect(database) as connection:
            connection.execute("UPDATE refresh_tokens SET salt = NULL")
        second = replace(opened, at=now)
        assert first.refresh_token != second.refresh_token
        later = now + timedelta(minutes=1)
        last = replace(first, at=later)
        assert replace(second, at=later + MOMENT) is None
        assert replace(last, at=later + MOMENT) is None

    def test_leaves_other_logins_alone_when_it_ends_one(self, user, opened, now):
        other = begin(user)
        replace(opened, at=now)
        replace(opened, at=now + GRACE + MOMENT)
        assert live(user) == [other.login.id]


class TestToken:
    def test_is_kept_as_a_hash_alone(self, opened, database):
        with psycopg.connect(database) as connection:
            rows = connection.execute("SELECT t::text FROM refresh_tokens t").fetchall()
        assert len(rows) == 1
        assert opened.refresh_token not in rows[0][0]
        assert secret_tokens.hash_of(opened.refresh_token).hex() in rows[0][0]


class TestEnd:
    def test_leaves_the_users_other_logins_alone(self, user, opened):
        other = begin(user)
        with db.transaction(Tenant(user_id=user.id)):
            logins.end(login_id=opened.login.id, now=clock.now())
        assert replace(opened) is None
        assert replace(other) is not None

    def test_refuses_a_login_that_never_was(self, user):
        with db.transaction(Tenant(user_id=user.id)), pytest.raises(LoginNotFound):
            logins.end(login_id=new_id(), now=clock.now())

    def test_refuses_somebody_elses(self, opened):
        with db.transaction(Tenant(user_id=factories.make_user().id)), pytest.raises(LoginNotFound):
            logins.end(login_id=opened.login.id, now=clock.now())
        assert replace(opened) is not None


class TestEndAll:
    def test_ends_them_on_every_device(self, user, opened):
        begin(user)
        with db.transaction(Tenant(user_id=user.id)):
            logins.end_all(user_id=user.id, now=clock.now())
        assert live(user) == []
        assert replace(opened) is None

    def test_may_spare_one(self, user, opened):
        begin(user)
        with db.transaction(Tenant(user_id=user.id)):
            logins.end_all(user_id=user.id, but=opened.login.id, now=clock.now())
        assert live(user) == [opened.login.id]


class TestTidying:
    def test_forgets_what_has_lapsed_or_ended_and_keeps_what_is_live(self, user, now, database):
        long_ago = now - LASTS - timedelta(days=2)
        begin(user, now=long_ago)
        used = begin(user, now=long_ago)
        kept = replace(used, at=now - timedelta(days=3))
        ended = begin(user, now=now - timedelta(days=3))
        with db.transaction(Tenant(user_id=user.id)):
            logins.end(login_id=ended.login.id, now=now - timedelta(days=2))
        sweeper.clean_up(now=now)
        with psycopg.connect(database) as connection:
            assert connection.execute("SELECT id FROM logins").fetchall() == [(kept.login.id,)]
            left = connection.execute("SELECT hash FROM refresh_tokens").fetchall()
        assert left == [(secret_tokens.hash_of(kept.refresh_token),)]

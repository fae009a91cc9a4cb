"""User sessions and their refresh tokens."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest

from domain.accounts import sessions
from domain.accounts.errors import SessionNotFound
from domain.accounts.sessions import REFRESH_TOKEN_LIFETIME, REUSE_GRACE_PERIOD, SessionGrant
from kit import clock, db, secret_tokens
from kit.ids import new_id
from kit.tenancy import Tenant
from tests import factories
from tests.retention import delete_expired_rows

MOMENT = timedelta(milliseconds=1)


@pytest.fixture
def user(database):
    return factories.make_user()


@pytest.fixture
def granted(user):
    return start(user)


@pytest.fixture
def now():
    return clock.now()


def start(user, *, now=None) -> SessionGrant:
    with db.transaction(Tenant(user_id=user.id)):
        return sessions.start(user_id=user.id, company_id=None, device="Firefox", now=now or clock.now())


def refresh(granted: SessionGrant, *, at=None) -> SessionGrant | None:
    with db.transaction(Tenant()):
        return sessions.refresh(refresh_token=granted.refresh_token, now=at or clock.now())


def active(user):
    with db.transaction(Tenant(user_id=user.id)):
        return [each.id for each in sessions.active(user_id=user.id, now=clock.now())]


class TestRefresh:
    def test_stays_in_the_same_session(self, granted):
        successor = refresh(granted)
        assert (successor.session.id, successor.session.user_id) == (granted.session.id, granted.session.user_id)
        assert successor.refresh_token != granted.refresh_token

    def test_makes_the_transaction_act_for_the_tokens_user(self, user, granted):
        with db.transaction(Tenant()):
            assert sessions.active(user_id=user.id, now=clock.now()) == []
            sessions.refresh(refresh_token=granted.refresh_token, now=clock.now())
            assert [each.id for each in sessions.active(user_id=user.id, now=clock.now())] == [granted.session.id]

    def test_accepts_a_token_until_its_last_minute(self, granted, now):
        assert refresh(granted, at=granted.session.expires_at - timedelta(minutes=1)) is not None

    def test_refuses_an_expired_token(self, granted):
        assert refresh(granted, at=granted.session.expires_at) is None

    def test_refuses_an_unknown_token(self, user):
        with db.transaction(Tenant()):
            assert sessions.refresh(refresh_token=secret_tokens.new_token(), now=clock.now()) is None

    def test_ends_the_session_when_a_token_is_reused_after_the_grace_period(self, granted, now):
        successor = refresh(granted, at=now)
        assert refresh(granted, at=now + REUSE_GRACE_PERIOD + MOMENT) is None
        assert refresh(successor, at=now + REUSE_GRACE_PERIOD + MOMENT) is None

    def test_ends_the_session_within_the_grace_period_when_the_successor_was_used(self, granted, now):
        successor = refresh(granted, at=now)
        last = refresh(successor, at=now)
        assert refresh(granted, at=now) is None
        assert refresh(last, at=now) is None

    def test_ends_the_session_when_an_old_token_is_reused(self, granted, now):
        latest = granted
        for _ in range(3):
            latest = refresh(latest, at=now)
        assert refresh(granted, at=now + timedelta(days=2)) is None
        assert refresh(latest, at=now + timedelta(days=2)) is None

    def test_gives_a_client_that_lost_the_answer_the_same_successor(self, granted, now):
        lost = refresh(granted, at=now)
        again = refresh(granted, at=now + REUSE_GRACE_PERIOD)
        assert again.refresh_token == lost.refresh_token
        assert refresh(again, at=now + REUSE_GRACE_PERIOD) is not None

    def test_gives_tabs_that_ask_at_once_the_same_successor(self, granted):
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(refresh, [granted] * 4))
        assert len({answer.refresh_token for answer in answers}) == 1
        with ThreadPoolExecutor(4) as pool:
            assert len({answer.refresh_token for answer in pool.map(refresh, answers)}) == 1

    def test_gives_two_sessions_different_successors(self, user, granted, now):
        other = start(user)
        tokens = {refresh(each, at=now).refresh_token for each in (granted, other)}
        assert len(tokens | {granted.refresh_token, other.refresh_token}) == 4

    def test_refuses_the_other_successors_of_a_token_once_one_is_used(self, granted, now, database):
        """Older releases issued several successors for one token."""
        first = refresh(granted, at=now)
        with psycopg.connect(database) as connection:
            connection.execute("UPDATE refresh_tokens SET salt = NULL")
        second = refresh(granted, at=now)
        assert first.refresh_token != second.refresh_token
        later = now + timedelta(minutes=1)
        last = refresh(first, at=later)
        assert refresh(second, at=later + MOMENT) is None
        assert refresh(last, at=later + MOMENT) is None

    def test_leaves_other_sessions_alone_when_it_ends_one(self, user, granted, now):
        other = start(user)
        refresh(granted, at=now)
        refresh(granted, at=now + REUSE_GRACE_PERIOD + MOMENT)
        assert active(user) == [other.session.id]


class TestToken:
    def test_is_stored_only_as_a_hash(self, granted, database):
        with psycopg.connect(database) as connection:
            rows = connection.execute("SELECT t::text FROM refresh_tokens t").fetchall()
        assert len(rows) == 1
        assert granted.refresh_token not in rows[0][0]
        assert secret_tokens.hash_of(granted.refresh_token).hex() in rows[0][0]


class TestEnd:
    def test_leaves_the_users_other_sessions_alone(self, user, granted):
        other = start(user)
        with db.transaction(Tenant(user_id=user.id)):
            sessions.end(session_id=granted.session.id, now=clock.now())
        assert refresh(granted) is None
        assert refresh(other) is not None

    def test_refuses_an_unknown_session(self, user):
        with db.transaction(Tenant(user_id=user.id)), pytest.raises(SessionNotFound):
            sessions.end(session_id=new_id(), now=clock.now())

    def test_refuses_another_users_session(self, granted):
        with db.transaction(Tenant(user_id=factories.make_user().id)), pytest.raises(SessionNotFound):
            sessions.end(session_id=granted.session.id, now=clock.now())
        assert refresh(granted) is not None


class TestEndAll:
    def test_ends_them_on_every_device(self, user, granted):
        start(user)
        with db.transaction(Tenant(user_id=user.id)):
            sessions.end_all(user_id=user.id, now=clock.now())
        assert active(user) == []
        assert refresh(granted) is None

    def test_can_leave_one_active(self, user, granted):
        start(user)
        with db.transaction(Tenant(user_id=user.id)):
            sessions.end_all(user_id=user.id, except_for=granted.session.id, now=clock.now())
        assert active(user) == [granted.session.id]


class TestCleanUp:
    def test_deletes_expired_and_ended_sessions_and_keeps_active_ones(self, user, now, database):
        long_ago = now - REFRESH_TOKEN_LIFETIME - timedelta(days=2)
        start(user, now=long_ago)
        used = start(user, now=long_ago)
        kept = refresh(used, at=now - timedelta(days=3))
        ended = start(user, now=now - timedelta(days=3))
        with db.transaction(Tenant(user_id=user.id)):
            sessions.end(session_id=ended.session.id, now=now - timedelta(days=2))
        delete_expired_rows(now=now)
        with psycopg.connect(database) as connection:
            assert connection.execute("SELECT id FROM sessions").fetchall() == [(kept.session.id,)]
            left = connection.execute("SELECT hash FROM refresh_tokens").fetchall()
        assert left == [(secret_tokens.hash_of(kept.refresh_token),)]

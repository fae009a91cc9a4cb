"""One-time links: valid once, for a limited time, for one purpose."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest

from domain.accounts import one_time_links, users
from domain.accounts.errors import LinkExpired
from domain.accounts.one_time_links import LIFETIMES
from kit import clock, db
from kit.tenancy import Tenant
from tests import factories
from tests.retention import delete_expired_rows

MINUTE = timedelta(minutes=1)


@pytest.fixture
def user(database):
    return factories.make_user()


@pytest.fixture
def now():
    return clock.now()


def issue(user, *, purpose="reset_password", now):
    with db.transaction(Tenant(user_id=user.id)):
        return one_time_links.create(user_id=user.id, purpose=purpose, now=now)


def use(token, *, purpose="reset_password", now):
    with db.transaction(Tenant()):
        return one_time_links.redeem(token=token, purpose=purpose, now=now)


class TestRedeem:
    def test_returns_the_user_and_acts_for_them(self, user, now):
        token = issue(user, now=now)
        with db.transaction(Tenant()):
            assert one_time_links.redeem(token=token, purpose="reset_password", now=now) == user.id
            users.change_password(user_id=user.id, old_hash=user.password_hash, new_hash="another")

    def test_is_refused_a_second_time(self, user, now):
        token = issue(user, now=now)
        use(token, now=now)
        with pytest.raises(LinkExpired):
            use(token, now=now)

    @pytest.mark.parametrize("purpose", LIFETIMES)
    def test_is_refused_after_it_has_expired(self, user, now, purpose):
        early, late = (issue(user, purpose=purpose, now=now) for _ in range(2))
        with pytest.raises(LinkExpired):
            use(late, purpose=purpose, now=now + LIFETIMES[purpose])
        assert use(early, purpose=purpose, now=now + LIFETIMES[purpose] - MINUTE) == user.id

    def test_is_rolled_back_with_the_transaction(self, user, now):
        token = issue(user, now=now)
        with pytest.raises(ZeroDivisionError), db.transaction(Tenant()):
            one_time_links.redeem(token=token, purpose="reset_password", now=now)
            raise ZeroDivisionError
        assert use(token, now=now) == user.id

    def test_succeeds_once_for_concurrent_requests(self, user, now):
        token = issue(user, now=now)

        def try_it(_):
            try:
                return use(token, now=now)
            except LinkExpired:
                return None

        with ThreadPoolExecutor(4) as pool:
            assert [used for used in pool.map(try_it, range(4)) if used] == [user.id]

    def test_uses_up_all_links_of_its_user_only(self, user, now):
        other = factories.make_user()
        theirs, verifying, another = (
            issue(other, now=now),
            issue(user, purpose="verify_email", now=now),
            issue(user, now=now),
        )
        use(issue(user, now=now), now=now)
        assert use(theirs, now=now) == other.id
        for token, purpose in ((verifying, "verify_email"), (another, "reset_password")):
            with pytest.raises(LinkExpired):
                use(token, purpose=purpose, now=now)


class TestUserOf:
    def test_can_be_repeated_and_leaves_the_link_valid(self, user, now):
        token = issue(user, now=now)
        for _ in range(2):
            with db.transaction(Tenant()):
                assert one_time_links.user_of(token=token, purpose="reset_password", now=now) == user.id
        assert use(token, now=now) == user.id

    def test_refuses_used_and_expired_links_and_other_purposes(self, user, now):
        used, good = issue(user, now=now), issue(factories.make_user(), now=now)
        use(used, now=now)
        for token, purpose, at in (
            (used, "reset_password", now), (good, "verify_email", now), ("x" * 43, "reset_password", now),
            (good, "reset_password", now + LIFETIMES["reset_password"]),
        ):  # fmt: skip
            with pytest.raises(LinkExpired), db.transaction(Tenant()):
                one_time_links.user_of(token=token, purpose=purpose, now=at)


class TestCleanUp:
    def test_deletes_links_that_expired_a_day_ago(self, user, now, database):
        issue(user, now=now - timedelta(days=2))
        issue(user, now=now)
        delete_expired_rows(now=now)
        with psycopg.connect(database) as connection:
            assert connection.execute("SELECT count(*) FROM one_time_links").fetchone() == (1,)

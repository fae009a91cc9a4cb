"""A stolen refresh token is detected once both its owner and the thief have used it."""

from datetime import timedelta

import pytest

from domain.accounts import sessions
from domain.accounts.sessions import REUSE_GRACE_PERIOD
from kit import clock, db
from kit.tenancy import Tenant
from tests import factories

ACCESS_TOKEN_LIFETIME = timedelta(minutes=15)


@pytest.fixture
def user(database):
    return factories.make_user()


def replace(token, now):
    with db.transaction(Tenant()):
        opened = sessions.refresh(refresh_token=token, now=now)
    return opened and opened.refresh_token


class TestThief:
    @pytest.mark.parametrize("lead", [timedelta(seconds=-11), timedelta(seconds=11), timedelta(minutes=7)])
    def test_ends_the_session_at_the_first_exchange_that_is_not_concurrent(self, user, lead):
        now = clock.now()
        with db.transaction(Tenant(user_id=user.id)):
            token = sessions.start(user_id=user.id, company_id=None, now=now).refresh_token
        owners, thiefs = replace(token, now), replace(token, now + REUSE_GRACE_PERIOD)
        assert owners == thiefs
        later = now + ACCESS_TOKEN_LIFETIME
        uses = sorted([(later, "owner"), (later + lead, "thief")])
        assert [replace(owners, at) is not None for at, _ in uses] == [True, False]
        with db.transaction(Tenant(user_id=user.id)):
            assert sessions.active(user_id=user.id, now=later) == []

    def test_has_no_token_that_the_owner_does_not_replace(self, user):
        now = clock.now()
        with db.transaction(Tenant(user_id=user.id)):
            owners = thiefs = sessions.start(user_id=user.id, company_id=None, now=now).refresh_token
        for _ in range(50):
            owners, thiefs = replace(owners, now), replace(thiefs, now + REUSE_GRACE_PERIOD)
            assert owners == thiefs
            now += ACCESS_TOKEN_LIFETIME
        replace(owners, now)  # the owner goes on, and the thief is late for once
        assert replace(thiefs, now + REUSE_GRACE_PERIOD + timedelta(seconds=1)) is None

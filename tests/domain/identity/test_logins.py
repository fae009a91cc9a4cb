"""Logins: tokens that replace each other."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from domain.identity import logins
from domain.identity.models import RefreshToken
from kit import clock, db
from kit.ids import new_id
from kit.tenancy import Tenant
from tests import factories


@pytest.fixture
def user(database):
    return factories.make_user()


@pytest.fixture
def token(user):
    with db.transaction(Tenant(user_id=user.id)):
        return logins.begin(user_id=user.id, now=clock.now())


def replace(token: RefreshToken, *, user_id=None, after: timedelta = timedelta()) -> RefreshToken | None:
    with db.transaction(Tenant(user_id=user_id or token.user_id)):
        return logins.replace(token_id=token.id, now=clock.now() + after)


class TestReplace:
    def test_stays_in_the_same_login(self, token):
        successor = replace(token)
        assert (successor.family_id, successor.user_id) == (token.family_id, token.user_id)
        assert successor.id != token.id

    def test_takes_a_token_up_to_its_last_minute(self, token):
        assert replace(token, after=logins.LASTS - timedelta(minutes=1)) is not None

    def test_refuses_an_expired_token(self, token):
        assert replace(token, after=logins.LASTS) is None

    def test_refuses_another_users_token(self, token):
        assert replace(token, user_id=factories.make_user().id) is None

    def test_ends_the_login_when_a_token_comes_again(self, token):
        successor = replace(token)
        assert replace(token) is None
        assert replace(successor) is None

    def test_lets_one_of_several_at_once_through(self, token):
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(replace, [token] * 4))
        assert len([answer for answer in answers if answer]) == 1


class TestEnd:
    def test_leaves_the_users_other_logins_alone(self, user, token):
        with db.transaction(Tenant(user_id=user.id)):
            other = logins.begin(user_id=user.id, now=clock.now())
            logins.end(family_id=token.family_id, now=clock.now())
        assert replace(token) is None
        assert replace(other) is not None

    def test_is_harmless_for_a_login_that_never_was(self, user):
        with db.transaction(Tenant(user_id=user.id)):
            logins.end(family_id=new_id(), now=clock.now())

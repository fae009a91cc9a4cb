"""The events that users' accounts publish. They belong to no company."""

from datetime import timedelta

import pyotp
import pytest

from domain.access import email_ownership
from domain.accounts import failed_logins, one_time_links, personal_data, profile, second_factor, sessions, users
from kit import clock, db
from kit.tenancy import Tenant
from tests import factories

NOW = clock.now()
ADDRESS = {"name": "Ada Lovelace", "line1": "1 Harbour Street", "city": "Antwerp", "country": "BE"}


@pytest.fixture
def user(database):
    return factories.make_user()


@pytest.fixture
def mine(user):
    return Tenant(user_id=user.id)


@pytest.fixture
def only_user(user):
    return {"user_id": str(user.id)}


def test_a_registration_is_announced_and_a_second_one_with_the_same_address(user, only_user, published):
    with db.transaction(Tenant()):
        users.register_or_find(email=user.email, name="Eve", password_hash="…")
    assert published("user.registered") == [only_user]
    assert published("user.registered_again") == [only_user]
    assert published("user.verified") == [only_user]


def test_a_profile_announces_which_fields_were_changed(user, mine, only_user, published):
    with db.transaction(mine):
        profile.change(user_id=user.id, values={"name": "Augusta", "locale": None})
        profile.change(user_id=user.id, values={"name": "Augusta"})
    assert published("user.updated") == [{**only_user, "changed": ["name"]}]


def test_addresses_are_announced_by_their_id(user, mine, only_user, published):
    with db.transaction(mine):
        address = profile.create_address(user_id=user.id, label="Home", address=ADDRESS)
        profile.change_address(address_id=address.id, label="Work", address=ADDRESS)
        profile.delete_address(address_id=address.id)
    ids = {**only_user, "address_id": str(address.id)}
    for event in ("user.address_created", "user.address_updated", "user.address_deleted"):
        assert published(event) == [ids]


def test_an_erasure_is_announced(user, mine, only_user, published):
    with db.transaction(mine):
        personal_data.erase(user_id=user.id, now=NOW)
    assert published("user.erased") == [only_user]


class TestSessions:
    @pytest.fixture
    def start(self, user, mine):
        def starting():
            with db.transaction(mine):
                return sessions.start(user_id=user.id, company_id=None, now=NOW)

        return starting

    def test_announce_that_they_start_and_end(self, user, mine, only_user, start, published):
        grants = [start() for _ in range(4)]
        with db.transaction(mine):
            sessions.end(session_id=grants[0].session.id, now=NOW)
        for _ in range(2):
            with db.transaction(Tenant()):
                sessions.end_by_token(refresh_token=grants[1].refresh_token, now=NOW)
        with db.transaction(mine):
            sessions.end_all(user_id=user.id, except_for=grants[3].session.id, now=NOW)
        ids = [{**only_user, "session_id": str(grant.session.id)} for grant in grants]
        assert published("auth.logged_in") == [{**each, "active_company_id": None} for each in ids]
        assert published("auth.session_ended") == ids[:3]

    def test_announce_that_a_refresh_token_was_used_twice(self, only_user, start, published):
        grant = start()
        for moment in (NOW, NOW + sessions.REUSE_GRACE_PERIOD + timedelta(seconds=1)):
            with db.transaction(Tenant()):
                sessions.refresh(refresh_token=grant.refresh_token, now=moment)
        ids = {**only_user, "session_id": str(grant.session.id)}
        assert published("auth.refresh_token_reused") == [ids]
        assert published("auth.session_ended") == [ids]


class TestCredentials:
    def test_announce_a_new_password(self, user, mine, only_user, published):
        with db.transaction(mine):
            users.change_password(user_id=user.id, old_hash=user.password_hash, new_hash="…")
            token = one_time_links.create(user_id=user.id, purpose="reset_password", now=NOW)
        with db.transaction(Tenant()):
            email_ownership.reset_password(token=token, password_hash="… …", network_address="10.0.0.1", now=NOW)
        assert published("auth.password_changed") == [only_user] * 2
        assert published("auth.account_claimed") == []

    def test_announce_that_the_owner_of_the_address_claims_the_account(self, database, published):
        user = factories.make_user(verified=False)
        with db.transaction(Tenant(user_id=user.id)):
            token = one_time_links.create(user_id=user.id, purpose="verify_email", now=NOW)
        with db.transaction(Tenant()):
            email_ownership.verify(token=token, password_hash="…", now=NOW)
        assert published("auth.account_claimed") == [{"user_id": str(user.id)}]
        assert published("auth.password_changed") == [{"user_id": str(user.id)}]

    def test_announce_a_wrong_password_also_of_nobody(self, user, published):
        for email, user_id in ((user.email, user.id), ("nobody@customers.example", None)):
            with db.transaction(Tenant()):
                failed_logins.announce_wrong_password(email=email, user_id=user_id)
        reason = {"reason": "wrong_password"}
        assert published("auth.login_failed") == [{"user_id": str(user.id), **reason}, {"user_id": None, **reason}]


def test_a_second_factor_announces_its_use(user, mine, only_user, published):
    with db.transaction(mine):
        secret = second_factor.start_enrolment(user_id=user.id)
        code = pyotp.TOTP(secret).at(NOW)
        recovery_codes = second_factor.confirm_enrolment(user_id=user.id, code=code, now=NOW)
        assert second_factor.verify_code(user_id=user.id, code=recovery_codes[0], now=NOW)
        assert not second_factor.verify_code(user_id=user.id, code=recovery_codes[0], now=NOW)
        second_factor.disable(user_id=user.id)
        second_factor.disable(user_id=user.id)
    assert published("auth.second_factor_enabled") == [only_user]
    assert published("auth.recovery_code_used") == [only_user]
    assert published("auth.login_failed") == [{**only_user, "reason": "wrong_code"}]
    assert published("auth.second_factor_disabled") == [only_user]

from datetime import timedelta

import pytest

from domain.notifications import operations as notifications
from domain.notifications.errors import LeaseLost
from domain.notifications.mailer import mailer
from domain.notifications.models import Mail
from domain.notifications.operations import LEASE, Claimed
from kit import clock, db
from kit.tenancy import Tenant
from saga import leases, letters
from tests.waiting import until

LOSE_THE_DATABASE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE usename = 'orderx_app_login' AND datname = current_database()"""


@pytest.fixture
def tenant(storefront):
    return Tenant(company_id=storefront.shop.company_id)


@pytest.fixture
def mail(storefront, tenant):
    """A mail that we have claimed, for an order of now."""
    order_id = storefront.place()
    with db.transaction(tenant):
        claim = letters.to_buyer(
            occasion="order.created", order_id=order_id, template="order_received", now=clock.now()
        )
    assert isinstance(claim, Claimed)
    return claim.mail


def stored(mail, tenant):
    with db.transaction(tenant) as session:
        return session.get_one(Mail, mail.id)


class TestLease:
    def test_is_renewed_while_the_mail_is_in_hand(self, mail, tenant, monkeypatch):
        monkeypatch.setattr(leases, "RENEW_EVERY", 0.01)
        leases._keeper.cache_clear()
        began = stored(mail, tenant).leased_until
        with leases.kept(mail) as lease:
            until(lambda: stored(mail, tenant).leased_until > began, "it is not renewed")
            until(lambda: lease.until > began, "it does not know")
            lease.check()

    def test_is_left_to_whoever_has_claimed_the_mail_since(self, mail, tenant):
        later = clock.now() + LEASE
        with db.transaction(tenant):
            assert isinstance(notifications.claim(mail_id=mail.id, now=later), Claimed)
        with db.transaction(tenant):
            assert notifications.renew(mail_id=mail.id, attempt=1, now=later) is None
            assert notifications.renew(mail_id=mail.id, attempt=2, now=later) == later + LEASE


class TestSeeThrough:
    def test_sends_and_marks_the_mail(self, mail, tenant, inbox):
        assert letters.see_through(mail) is None
        assert len(inbox.messages(to=mail.recipient)) == 1
        assert stored(mail, tenant).status == "sent"

    def test_does_not_send_once_the_lease_has_run_out(self, mail, tenant, inbox):
        mail.leased_until = clock.now() - timedelta(seconds=1)
        assert isinstance(letters.see_through(mail), LeaseLost)
        assert inbox.messages(to=mail.recipient) == []
        assert stored(mail, tenant).status == "queued"

    def test_marks_what_is_out_when_the_database_is_back(self, mail, tenant, inbox, storefront, monkeypatch):
        send = mailer().send

        def send_and_lose_the_database(message):
            send(message)
            storefront.sql(LOSE_THE_DATABASE)

        monkeypatch.setattr(mailer(), "send", send_and_lose_the_database)
        assert letters.see_through(mail) is None
        assert len(inbox.messages(to=mail.recipient)) == 1
        assert stored(mail, tenant).status == "sent"

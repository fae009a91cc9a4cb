from datetime import timedelta

import pytest

from domain.notifications import operations as notifications
from domain.notifications.errors import LeaseLost
from domain.notifications.models import Mail
from domain.notifications.operations import LEASE, Claimed
from kit import clock, db
from kit.tenancy import Tenant
from saga import leases, letters
from tests.waiting import until


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

    def test_that_has_run_out_keeps_the_mail_from_being_sent(self, mail, inbox):
        mail.leased_until = clock.now() - timedelta(seconds=1)
        assert isinstance(letters.hand_over(mail), LeaseLost)
        assert inbox.messages(to=mail.recipient) == []

    def test_that_holds_lets_it_be_sent(self, mail, inbox):
        assert letters.hand_over(mail) is None
        assert len(inbox.messages(to=mail.recipient)) == 1

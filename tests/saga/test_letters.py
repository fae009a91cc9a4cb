from datetime import timedelta

import pytest
from jinja2 import TemplateNotFound

from domain.notifications import operations as notifications
from domain.notifications.errors import LeaseLost, MailServerGone, MailUnavailable
from domain.notifications.mailer import mailer
from domain.notifications.models import Mail
from domain.notifications.operations import LEASE, Claimed
from kit import clock, db
from kit.process import heartbeat
from kit.tenancy import Tenant
from saga import leases, letters
from saga.engine.calls import answered
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
        claim, _ = letters.to_both(
            occasion="order.created", order_ids=[order_id], buyer="order_received", merchant="order_received_merchant",
            now=clock.now(),
        )[order_id]  # fmt: skip
    assert isinstance(claim, Claimed)
    return claim.mail


def stored(mail, tenant):
    with db.transaction(tenant):
        session = db.session()
        return session.get_one(Mail, mail.id)


class TestLease:
    def test_is_renewed_while_the_mail_is_in_hand(self, mail, tenant, monkeypatch):
        monkeypatch.setattr(leases, "RENEW_EVERY", 0.01)
        leases._keeper.cache_clear()
        began = stored(mail, tenant).leased_until
        with leases.kept([mail]) as [lease]:
            until(lambda: stored(mail, tenant).leased_until > began, "it is not renewed")
            until(lambda: lease.until > began, "it does not know")
            lease.check()

    def test_is_left_to_whoever_has_claimed_the_mail_since(self, mail, tenant):
        later = clock.now() + LEASE
        with db.transaction(tenant):
            assert isinstance(notifications.claim(mail_ids=[mail.id], now=later)[mail.id], Claimed)
        with db.transaction(tenant):
            assert notifications.renew(attempts={mail.id: 1}, now=later) == {}
            assert notifications.renew(attempts={mail.id: 2}, now=later) == {mail.id: later + LEASE}


class TestSeeThrough:
    def test_sends_and_marks_the_mail(self, mail, tenant, inbox):
        assert letters.see_through([mail]) == [None]
        assert len(inbox.messages(to=mail.recipient)) == 1
        assert stored(mail, tenant).status == "sent"

    @pytest.mark.usefixtures("inbox")
    def test_sends_a_heartbeat_before_each_mail(self, mail):
        beats = []
        with heartbeat.sent_by(lambda: beats.append(True)):
            letters.see_through([mail] * 3)
        assert len(beats) == 3

    def test_does_not_send_once_the_lease_has_run_out(self, mail, tenant, inbox):
        [trouble] = letters.see_through([mail._replace(leased_until=clock.now() - timedelta(seconds=1))])
        assert isinstance(trouble, LeaseLost)
        assert inbox.messages(to=mail.recipient) == []
        assert stored(mail, tenant).status == "queued"

    def test_marks_what_is_out_when_the_database_is_back(self, mail, tenant, inbox, storefront, monkeypatch):
        send = mailer().send

        def send_and_lose_the_database(message):
            send(message)
            storefront.sql(LOSE_THE_DATABASE)

        monkeypatch.setattr(mailer(), "send", send_and_lose_the_database)
        assert letters.see_through([mail]) == [None]
        assert len(inbox.messages(to=mail.recipient)) == 1
        assert stored(mail, tenant).status == "sent"


class TestSeveral:
    @pytest.fixture
    def mails(self, storefront, tenant):
        """Two mails that we have claimed, about one order."""
        order_id = storefront.place()
        with db.transaction(tenant):
            claims = letters.to_both(
                occasion="order.created", order_ids=[order_id], buyer="order_received",
                merchant="order_received_merchant", now=clock.now(),
            )[order_id]  # fmt: skip
        return [claim.mail for claim in claims]

    def test_that_are_out_are_marked_while_a_slow_server_has_the_next_in_hand(self, mails, tenant, monkeypatch):
        monkeypatch.setattr(leases, "RENEW_EVERY", 0.01)
        leases._keeper.cache_clear()
        in_hand = []

        def send_and_look(message):
            in_hand.append(message)
            if len(in_hand) > 1:
                until(lambda: stored(mails[0], tenant).status == "sent", "the first is not marked")
                assert stored(mails[1], tenant).status == "sending"

        monkeypatch.setattr(mailer(), "send", send_and_look)
        assert letters.see_through(mails) == [None, None]
        assert len(in_hand) == 2

    def test_go_out_though_one_of_them_cannot_be_written(self, mails, tenant, inbox):
        broken, fine = letters.see_through([mails[0]._replace(template="no_such_template"), mails[1]])
        assert isinstance(broken, TemplateNotFound)
        assert fine is None
        assert [stored(mail, tenant).status for mail in mails] == ["sending", "sent"]

    def test_are_all_given_back_once_there_is_no_server(self, mails, tenant, monkeypatch):
        asked = []

        def nobody_there(message):
            asked.append(message)
            raise MailServerGone

        monkeypatch.setattr(mailer(), "send", nobody_there)
        assert {type(trouble) for trouble in letters.see_through(mails)} == {MailServerGone}
        assert len(asked) == 1
        assert [stored(mail, tenant).status for mail in mails] == ["queued", "queued"]


class TestSend:
    def test_sees_through_in_one_go_what_several_orders_wait_for(self, mail, storefront, tenant, monkeypatch):
        orders = [storefront.place(), storefront.place()]
        with db.transaction(tenant):
            claims = letters.to_both(
                occasion="order.completed", order_ids=orders, buyer="payment_succeeded",
                merchant="payment_succeeded_merchant", now=clock.now(),
            )  # fmt: skip
        claims[mail.id] = [notifications.Leased(clock.now())]
        rounds, troubles = [], [None, None, None, MailUnavailable()]
        monkeypatch.setattr(letters, "see_through", lambda mails: rounds.append(mails) or troubles)
        sending = letters.send(claims)
        answers, _ = answered(next(sending))
        with pytest.raises(StopIteration) as done:
            sending.send(answers)
        assert [len(mails) for mails in rounds] == [4]
        sent, put_off, leased = (done.value.value[each] for each in (*orders, mail.id))
        assert sent == {"mail": "sent"}
        assert (put_off.code, leased.code) == ("mail_unavailable", "mail_leased")

    def test_is_the_buyers_mail_alone_where_a_company_buys_from_itself(self, storefront, tenant):
        order_id = storefront.place()
        storefront.sql(f"UPDATE orders SET customer_email = 'hello@paper.example' WHERE id = '{order_id}'")
        with db.transaction(tenant):
            [claim] = letters.to_both(
                occasion="order.completed", order_ids=[order_id], buyer="payment_succeeded",
                merchant="payment_succeeded_merchant", now=clock.now(),
            )[order_id]  # fmt: skip
        assert claim.mail.template == "payment_succeeded"

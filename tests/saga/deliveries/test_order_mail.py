from datetime import timedelta

import pytest
from jinja2 import TemplateNotFound

from domain.notifications import mail_queue as notifications
from domain.notifications.errors import LeaseLost, MailDeferred, MailServerUnreachable
from domain.notifications.mail_queue import LEASE, Claimed
from domain.notifications.mailer import mailer
from domain.notifications.models import Mail
from kit import clock, db
from kit.process import heartbeat
from kit.tenancy import Tenant
from saga.deliveries import lease_renewal, mail_delivery, order_mail
from tests.waiting import until

LOSE_THE_DATABASE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE usename = 'orderx_app_login' AND datname = current_database()"""


@pytest.fixture
def tenant(scenario):
    return Tenant(company_id=scenario.shop.company_id)


@pytest.fixture
def mail(scenario, tenant):
    """A mail that we have claimed, for an order of now."""
    order_id = scenario.place()
    with db.transaction(tenant):
        claim, _ = order_mail.enqueue_and_claim(
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
    def test_is_renewed_while_the_mail_is_being_delivered(self, mail, tenant, monkeypatch):
        monkeypatch.setattr(lease_renewal, "RENEW_EVERY", 0.01)
        lease_renewal._renewer.cache_clear()
        began = stored(mail, tenant).leased_until
        with lease_renewal.renewing([mail]) as [lease]:
            until(lambda: stored(mail, tenant).leased_until > began, "it is not renewed")
            until(lambda: lease.until > began, "the lease object is not updated")
            lease.check()

    def test_is_not_renewed_once_another_process_has_claimed_the_mail(self, mail, tenant):
        later = clock.now() + LEASE
        with db.transaction(tenant):
            assert isinstance(notifications.claim(mail_ids=[mail.id], now=later)[mail.id], Claimed)
        with db.transaction(tenant):
            assert notifications.renew_leases(attempts={mail.id: 1}, now=later) == {}
            assert notifications.renew_leases(attempts={mail.id: 2}, now=later) == {mail.id: later + LEASE}


class TestClaim:
    def test_gathers_the_context_of_an_unsent_mail_from_its_order(self, mail, tenant):
        assert stored(mail, tenant).context == {}
        with db.transaction(tenant):
            claim = order_mail.claim(mail_ids=[mail.id], now=clock.now() + LEASE)[mail.id]
        assert claim.mail.attempts == mail.attempts + 1
        assert claim.mail.context == mail.context != {}


class TestDeliver:
    def test_sends_and_marks_the_mail(self, mail, tenant, inbox):
        assert mail_delivery.deliver([mail]) == [None]
        assert len(inbox.messages(to=mail.recipient)) == 1
        assert stored(mail, tenant).status == "sent"

    @pytest.mark.usefixtures("inbox")
    def test_sends_a_heartbeat_before_each_mail(self, mail):
        beats = []
        with heartbeat.sent_by(lambda: beats.append(True)):
            mail_delivery.deliver([mail] * 3)
        assert len(beats) == 3

    def test_does_not_send_once_the_lease_has_run_out(self, mail, tenant, inbox):
        [error] = mail_delivery.deliver([mail._replace(leased_until=clock.now() - timedelta(seconds=1))])
        assert isinstance(error, LeaseLost)
        assert inbox.messages(to=mail.recipient) == []
        assert stored(mail, tenant).status == "queued"

    def test_records_a_sent_mail_when_the_database_is_back(self, mail, tenant, inbox, scenario, monkeypatch):
        send = mailer().send

        def send_and_lose_the_database(message):
            send(message)
            scenario.sql(LOSE_THE_DATABASE)

        monkeypatch.setattr(mailer(), "send", send_and_lose_the_database)
        assert mail_delivery.deliver([mail]) == [None]
        assert len(inbox.messages(to=mail.recipient)) == 1
        assert stored(mail, tenant).status == "sent"


class TestSeveralMails:
    @pytest.fixture
    def mails(self, scenario, tenant):
        """Two mails that we have claimed, about one order."""
        order_id = scenario.place()
        with db.transaction(tenant):
            claims = order_mail.enqueue_and_claim(
                occasion="order.created", order_ids=[order_id], buyer="order_received",
                merchant="order_received_merchant", now=clock.now(),
            )[order_id]  # fmt: skip
        return [claim.mail for claim in claims]

    def test_that_are_sent_are_recorded_while_a_slow_server_holds_up_the_next(self, mails, tenant, monkeypatch):
        monkeypatch.setattr(lease_renewal, "RENEW_EVERY", 0.01)
        lease_renewal._renewer.cache_clear()
        delivered = []

        def send_and_look(message):
            delivered.append(message)
            if len(delivered) > 1:
                until(lambda: stored(mails[0], tenant).status == "sent", "the first is not recorded")
                assert stored(mails[1], tenant).status == "sending"

        monkeypatch.setattr(mailer(), "send", send_and_look)
        assert mail_delivery.deliver(mails) == [None, None]
        assert len(delivered) == 2

    def test_are_sent_though_one_of_them_cannot_be_rendered(self, mails, tenant, inbox):
        broken, fine = mail_delivery.deliver([mails[0]._replace(template="no_such_template"), mails[1]])
        assert isinstance(broken, TemplateNotFound)
        assert fine is None
        assert [stored(mail, tenant).status for mail in mails] == ["sending", "sent"]

    def test_are_all_released_when_there_is_no_server(self, mails, tenant, monkeypatch):
        asked = []

        def nobody_there(message):
            asked.append(message)
            raise MailServerUnreachable

        monkeypatch.setattr(mailer(), "send", nobody_there)
        assert {type(error) for error in mail_delivery.deliver(mails)} == {MailServerUnreachable}
        assert len(asked) == 1
        assert [stored(mail, tenant).status for mail in mails] == ["queued", "queued"]


class TestDeliveries:
    def test_delivers_the_mails_of_several_orders_in_one_call(self, mail, scenario, tenant, monkeypatch):
        orders = [scenario.place(), scenario.place()]
        with db.transaction(tenant):
            claims = order_mail.enqueue_and_claim(
                occasion="order.completed", order_ids=orders, buyer="payment_succeeded",
                merchant="payment_succeeded_merchant", now=clock.now(),
            )  # fmt: skip
        claims[mail.id] = [notifications.LeasedElsewhere(clock.now())]
        rounds, errors = [], [None, None, None, MailDeferred()]
        monkeypatch.setattr(mail_delivery, "deliver", lambda mails: rounds.append(mails) or errors)
        [delivery] = set(order_mail.deliveries(claims).values())
        outcomes = delivery()
        assert [len(mails) for mails in rounds] == [4]
        sent, put_off, leased = (outcomes[each] for each in (*orders, mail.id))
        assert sent == {"mail": "sent"}
        assert (put_off.code, leased.code) == ("mail_deferred", "mail_leased")

    def test_is_the_buyers_mail_alone_where_a_company_buys_from_itself(self, scenario, tenant):
        order_id = scenario.place()
        scenario.sql(f"UPDATE orders SET customer_email = 'hello@paper.example' WHERE id = '{order_id}'")
        with db.transaction(tenant):
            [claim] = order_mail.enqueue_and_claim(
                occasion="order.completed", order_ids=[order_id], buyer="payment_succeeded",
                merchant="payment_succeeded_merchant", now=clock.now(),
            )[order_id]  # fmt: skip
        assert claim.mail.template == "payment_succeeded"

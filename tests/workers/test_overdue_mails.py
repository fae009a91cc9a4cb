from datetime import timedelta

import psycopg
import pytest

from domain.notifications import mail_queue as notifications
from kit import clock, db
from kit.tenancy import Tenant
from saga.deliveries import order_mail
from tests import factories
from workers import overdue_mails
from workers.overdue_mails import GRACE_PERIOD, LOOK_BACK_EVERY, MailResender

LATER = GRACE_PERIOD + timedelta(seconds=1)
EXPIRED = "UPDATE mails SET leased_until = now() - interval '1 second' WHERE status = 'sending' RETURNING id"


@pytest.fixture
def order(database):
    company = factories.make_company()
    product = factories.make_product(factories.make_shop(company))
    factories.put_stock(product, factories.make_warehouse(company))
    return factories.make_order(product)


@pytest.fixture
def mail_id(order):
    with db.transaction(Tenant(company_id=order.company_id)):
        claim, other = order_mail.enqueue_and_claim(
            occasion="order.created", order_ids=[order.id], buyer="order_received", merchant="order_received_merchant",
            now=clock.now(),
        )[order.id]  # fmt: skip
        notifications.mark_sent(mail_ids=[other.mail.id], now=clock.now())
        return claim.mail.id


def run_as_owner(database: str, statement: str) -> list[tuple]:
    with psycopg.connect(database, autocommit=True) as connection:
        return connection.execute(statement).fetchall()


def mails_to_send(database: str) -> list[str]:
    query = "SELECT body->'kwargs'->>'mail_id' FROM outbox WHERE body->>'task' = 'notifications.send_mail'"
    return [mail_id for (mail_id,) in run_as_owner(database, query)]


@pytest.fixture
def resend():
    """Resend as a sweeper does that has run since before the mails, so long from now."""
    mails, now = MailResender(now=clock.now()), clock.now()

    def resending(*, after=timedelta(0)):
        mails.resend(now=now + after)

    return resending


class TestResend:
    def test_leaves_a_mail_to_its_first_sender(self, database, mail_id, resend):
        resend(after=LATER)
        resend(after=LATER)
        assert mails_to_send(database) == []

    def test_enqueues_a_mail_once_whose_sender_has_died(self, database, mail_id, resend):
        run_as_owner(database, EXPIRED)
        resend()
        assert mails_to_send(database) == []
        resend(after=LATER)
        resend(after=LATER)
        assert mails_to_send(database) == [str(mail_id)]

    def test_enqueues_a_mail_that_was_not_sent_within_a_minute_of_its_request(self, database, mail_id, resend):
        run_as_owner(
            database,
            "UPDATE mails SET status = 'queued', leased_until = NULL, created_at = now() - interval '61 seconds'"
            " WHERE status = 'sending' RETURNING id",
        )
        resend(after=LATER)
        assert mails_to_send(database) == [str(mail_id)]

    def test_enqueues_a_mail_again_whose_attempt_failed(self, database, order, mail_id, resend):
        with db.transaction(Tenant(company_id=order.company_id)):
            notifications.release(mail_id=mail_id, attempt=1, error="the mail server is busy")
        resend()
        assert mails_to_send(database) == []
        run_as_owner(database, "UPDATE mails SET retry_at = retry_at - interval '2 seconds' RETURNING id")
        resend()
        assert mails_to_send(database) == [str(mail_id)]

    def test_finds_a_mail_from_before_all_sweepers_were_stopped_for_weeks(self, database, mail_id):
        run_as_owner(database, EXPIRED)
        weeks_later = clock.now() + timedelta(days=30)
        MailResender(now=weeks_later).resend(now=weeks_later)
        assert mails_to_send(database) == [str(mail_id)]

    def test_leaves_a_sent_mail_alone(self, database, order, mail_id, resend):
        run_as_owner(database, EXPIRED)
        resend(after=LATER)
        with db.transaction(Tenant(company_id=order.company_id)):
            notifications.mark_sent(mail_ids=[mail_id], now=clock.now())
        run_as_owner(database, "DELETE FROM outbox RETURNING id")
        resend(after=LATER)
        assert mails_to_send(database) == []
        assert run_as_owner(database, "SELECT DISTINCT retry_at FROM mails") == [(None,)]

    def test_looks_back_for_mails_that_were_committed_late(self, database, mail_id, resend):
        [(recent,)] = run_as_owner(database, "UPDATE mails SET status = 'sent' WHERE status = 'sending' RETURNING id")
        resend(after=LATER)
        run_as_owner(database, f"UPDATE mails SET status = 'sending' WHERE id = '{recent}' RETURNING id")
        run_as_owner(database, EXPIRED)
        resend(after=LATER)
        assert mails_to_send(database) == []
        for _ in range(2):
            resend(after=LOOK_BACK_EVERY)
        assert mails_to_send(database) == [str(mail_id)]

    def test_reads_a_part_of_many_mails_per_round(self, database, mail_id, resend, monkeypatch):
        monkeypatch.setattr(overdue_mails, "MAX_READ", 1)
        run_as_owner(database, "UPDATE mails SET status = 'sending' RETURNING id")
        run_as_owner(database, EXPIRED)
        sent = []
        for _ in range(3):
            resend(after=LATER)
            sent.append(len(mails_to_send(database)))
        assert sent == [1, 2, 2]

import threading

import psycopg
import pytest

from domain.notifications import operations as notifications
from kit import clock, db
from kit.tenancy import Tenant
from saga.deliveries import order_mail
from tests import factories
from workers import sweeper


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


class TestResendOverdueMails:
    def test_leaves_a_fresh_mail_alone(self, database, mail_id):
        sweeper.resend_overdue_mails()
        assert mails_to_send(database) == []

    def test_enqueues_an_overdue_mail_once(self, database, mail_id):
        run_as_owner(database, "UPDATE mails SET due_at = now() - interval '1 second' RETURNING id")
        sweeper.resend_overdue_mails()
        sweeper.resend_overdue_mails()
        assert mails_to_send(database) == [str(mail_id)]

    def test_leaves_a_sent_mail_alone(self, database, mail_id):
        run_as_owner(database, "UPDATE mails SET status = 'sent', due_at = now() - interval '1 day' RETURNING id")
        sweeper.resend_overdue_mails()
        assert mails_to_send(database) == []


class TestSweepUntil:
    def test_goes_on_with_the_other_parts_when_one_fails(self, database, monkeypatch):
        done, stopping = [], threading.Event()

        def failing():
            raise KeyError("a defect of ours")

        def mails():
            done.append("mails")
            if len(done) == 3:
                stopping.set()

        monkeypatch.setattr(sweeper, "resend_stalled_sagas", failing)
        monkeypatch.setattr(sweeper, "resend_overdue_mails", mails)
        monkeypatch.setattr(sweeper, "SWEEP_INTERVAL", 0.01)
        sweeper.sweep_until(stopping)
        assert done == ["mails"] * 3

import json
from collections import Counter

import pytest

from domain.notifications.mailer import mailer
from domain.sales import order_status
from kit import clock, db
from kit.config import settings
from kit.ids import new_id
from kit.tenancy import Tenant
from tests import factories
from tests.inbox_process import running_inbox
from workers.celery_internals.acks import BatchedAcks
from workers.events.consumer import handle_messages
from workers.events.reactions import REACTIONS, process

QUEUE = "notification.events"


@pytest.fixture
def inbox(database, tmp_path, monkeypatch):
    with running_inbox(tmp_path / "mails") as running:
        monkeypatch.setenv("ORDERX_SMTP_URL", running.smtp_url)
        settings.cache_clear()
        mailer.cache_clear()
        yield running
        mailer().close()
        mailer.cache_clear()
        settings.cache_clear()


@pytest.fixture
def order(database):
    company = factories.make_company()
    product = factories.make_product(factories.make_shop(company))
    factories.put_stock(product, factories.make_warehouse(company))
    return factories.make_order(product)


def fail(order) -> None:
    failure = {"code": "out_of_stock", "step": "reserve_stock", "detail": "none left"}
    with db.transaction(Tenant(company_id=order.company_id)):
        order_status.mark_failed(failures={order.id: failure}, now=clock.now())


def an_event(order, kind: str) -> dict:
    return {"id": str(new_id()), "type": kind, "companyid": str(order.company_id), "data": {"order_id": str(order.id)}}


class TestProcess:
    @pytest.mark.parametrize("kind", sorted(REACTIONS[QUEUE]))
    def test_sends_mails_to_buyer_and_merchant(self, inbox, order, kind):
        fail(order)
        process(QUEUE, [an_event(order, kind)])
        mails = {(mail["to"], mail["occasion"]) for mail in inbox.messages()}
        occasion = f"{kind}:{order.id}"
        assert mails == {(order.customer_email, occasion), ("hello@paper.example", occasion)}

    @pytest.mark.parametrize("kind", sorted(REACTIONS[QUEUE]))
    def test_reacts_once_to_a_repeated_event(self, inbox, order, kind):
        fail(order)
        event = an_event(order, kind)
        process(QUEUE, [event])
        first = inbox.messages()
        assert first
        process(QUEUE, [event])
        process(QUEUE, [an_event(order, kind)])
        assert inbox.messages() == first

    def test_skips_unknown_events(self, inbox, order):
        process(QUEUE, [an_event(order, "order.admired")])
        assert inbox.messages() == []

    def test_leaves_a_mail_that_cannot_go_out_for_the_sweeper(self, inbox, order, database):
        inbox.kill()
        process(QUEUE, [an_event(order, "order.created")])
        inbox.restart()
        assert inbox.messages() == []


class Delivery:
    """A message as the broker delivers it."""

    def __init__(self, event):
        self.body = json.dumps(event)
        self.channel, self.delivery_tag = None, id(self)
        self.answer = None

    def ack_log_error(self, *_):
        self.answer = "acknowledged"

    def reject_log_error(self, *_, requeue):
        self.answer = "requeued" if requeue else "dropped"


def handled(*events):
    """Handles these events as one batch; returns the consumer's answer to each."""
    deliveries = [Delivery(event) for event in events]
    acks = BatchedAcks((), sequential_tags=False)
    handle_messages(QUEUE, acks, deliveries)
    acks.flush()
    return [delivery.answer for delivery in deliveries]


class TestHandleMessages:
    @pytest.fixture
    def others(self, database):
        """An order of another company."""
        company = factories.make_company(name="Pens & Co")
        product = factories.make_product(factories.make_shop(company))
        factories.put_stock(product, factories.make_warehouse(company))
        return factories.make_order(product)

    def test_processes_a_batch_with_events_of_several_companies(self, inbox, order, others):
        events = [an_event(order, "order.created"), an_event(others, "order.created"), an_event(order, "order.created")]
        assert handled(*events, an_event(order, "order.admired")) == ["acknowledged"] * 4
        assert Counter(mail["occasion"] for mail in inbox.messages()) == {
            f"order.created:{order.id}": 2,
            f"order.created:{others.id}": 2,
        }

    def test_requeues_only_the_events_that_fail(self, inbox, order, others):
        lost = an_event(order, "order.created") | {"data": {"order_id": str(new_id())}}
        events = [an_event(order, "order.created"), lost, {"no": "event"}, an_event(others, "order.created")]
        assert handled(*events) == ["acknowledged", "requeued", "requeued", "acknowledged"]
        assert len(inbox.messages()) == 4

    def test_reacts_once_to_an_event_repeated_in_another_batch(self, inbox, order, others):
        event = an_event(order, "order.created")
        handled(event)
        first = inbox.messages()
        assert handled(an_event(others, "order.created"), event) == ["acknowledged", "acknowledged"]
        assert len(inbox.messages()) == len(first) + 2

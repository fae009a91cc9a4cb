"""A consumer whose queue is deleted on a real RabbitMQ is served from the kept events, with nothing twice."""

from collections import Counter
from datetime import timedelta

import pytest

from kit import clock, db
from tests import factories
from tests.waiting import until
from workers.celery_internals.acks import BatchedAcks
from workers.events import replay
from workers.events.consumer import handle_messages
from workers.outbox import relay
from workers.outbox.publisher import Publisher

QUEUE = "notification.events"

pytestmark = pytest.mark.usefixtures("outside_world")


@pytest.fixture
def product(app):
    company = factories.make_company()
    product = factories.make_product(factories.make_shop(company))
    factories.put_stock(product, factories.make_warehouse(company), 10)
    return product


@pytest.fixture
def publish(app, publisher, product):
    """Place an order, and send its event to the broker; returns the order's id."""

    def publishing():
        order_id = factories.make_order(product).id
        while relay.drain(app, publisher):
            pass
        return order_id

    return publishing


@pytest.fixture
def consume(app):
    """Handle what waits in the queue; returns whether there was something."""

    def consuming():
        acks = BatchedAcks((), sequential_tags=False)
        with app.connection_for_write() as connection, connection.channel() as channel:
            found = [channel.message_to_python(each) for each in iter(lambda: channel.basic_get(QUEUE), None)]
            handle_messages(QUEUE, acks, found)
            acks.flush()
        return bool(found)

    return consuming


def mails():
    """How many mails there are about each order."""
    with db.operator_transaction():
        return Counter(occasion for (occasion,) in db.run("SELECT occasion FROM mails", {}).fetchall())


def test_a_lost_queue_costs_no_event_and_repeats_none(app, rabbitmq, publish, consume):
    orders = [publish()]
    until(consume, "the first event has not arrived")
    orders.append(publish())  # lost in the queue
    with app.connection_for_write() as connection, connection.channel() as channel:
        channel.queue_delete(QUEUE)
    orders.append(publish())  # no queue takes it
    with Publisher(rabbitmq.url):  # declares all queues, as relays and workers do when they connect
        orders.append(publish())
    until(consume, "the last event has not arrived")
    assert mails() == {f"order.created:{order_id}": 2 for order_id in (orders[0], orders[3])}
    now = clock.now()
    [progress] = replay.replay(QUEUE, since=now - timedelta(hours=1), until=now + timedelta(seconds=1))
    assert (progress.processed, progress.skipped, progress.failed) == (2, 2, 0)
    assert mails() == {f"order.created:{order_id}": 2 for order_id in orders}
    assert not consume()

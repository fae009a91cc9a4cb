"""How a worker acknowledges what it has done, on a real RabbitMQ."""

import pytest

from kit.ids import new_id
from workers.messages import messages
from workers.queues import TASK_QUEUES
from workers.receipts import Receipts

QUEUE = next(queue for queue in TASK_QUEUES if queue.name == "inventory")
WAITING = 5


@pytest.fixture
def channel(app):
    with app.connection_for_write() as connection, connection.channel() as channel:
        yield channel


@pytest.fixture
def delivered(app, publisher, channel):
    """So many messages of the queue, taken and not acknowledged."""
    for _ in range(WAITING):
        task = {"task": "inventory.reserve_stock", "id": str(new_id()), "kwargs": {}}
        publisher.publish(list(messages(app, "task", task)))
    queue = QUEUE(channel)
    return [queue.get(no_ack=False) for _ in range(WAITING)]


@pytest.fixture
def frames(channel, monkeypatch):
    """The acknowledgements that go over the wire: up to which message, and whether all before it are meant."""
    frames, send = [], channel.basic_ack

    def sending(tag, multiple=False):
        frames.append((tag, multiple))
        send(tag, multiple=multiple)

    monkeypatch.setattr(channel, "basic_ack", sending)
    return frames


@pytest.fixture
def receipts():
    return Receipts((), numbered=True)


class TestReceipts:
    def test_are_one_frame_for_all_that_is_done(self, delivered, frames, receipts, channel, waiting):
        for message in reversed(delivered):
            receipts.done(message)
        receipts.send()
        receipts.send()
        channel.close()
        assert frames == [(WAITING, True)]
        assert waiting("inventory") == []

    def test_pass_over_what_was_rejected(self, delivered, frames, receipts, channel, waiting):
        *most, refused, last = delivered
        receipts.reject(refused, requeue=True)
        for message in most:
            receipts.done(message)
        receipts.send()
        receipts.done(last)
        receipts.send()
        channel.close()
        assert frames == [(WAITING - 2, True), (WAITING, True)]
        assert [message.headers["id"] for message in waiting("inventory")] == [refused.headers["id"]]

    def test_leave_alone_what_somebody_else_still_holds(self, delivered, frames, receipts, channel, waiting):
        first, held, *rest = delivered
        for message in (first, *rest):
            receipts.done(message)
        receipts.send()
        channel.close()
        assert [multiple for _, multiple in frames] == [False] * (WAITING - 1)
        assert [message.headers["id"] for message in waiting("inventory")] == [held.headers["id"]]

"""Batched acknowledgements on a real RabbitMQ."""

import pytest

from kit.ids import new_id
from workers.celery_internals.acks import BatchedAcks
from workers.outbox.messages import build_messages
from workers.queues import TASK_QUEUES

QUEUE = next(queue for queue in TASK_QUEUES if queue.name == "inventory")
WAITING = 5


@pytest.fixture
def channel(app):
    with app.connection_for_write() as connection, connection.channel() as channel:
        yield channel


@pytest.fixture
def delivered(app, publisher, channel):
    """Messages of the queue, delivered and not acknowledged."""
    for _ in range(WAITING):
        task = {"task": "inventory.reserve_stock", "id": str(new_id()), "kwargs": {}}
        publisher.publish(list(build_messages(app, "task", task)))
    queue = QUEUE(channel)
    return [queue.get(no_ack=False) for _ in range(WAITING)]


@pytest.fixture
def frames(channel, monkeypatch):
    """The acknowledgement frames sent: (delivery tag, multiple)."""
    frames, send = [], channel.basic_ack

    def sending(tag, multiple=False):
        frames.append((tag, multiple))
        send(tag, multiple=multiple)

    monkeypatch.setattr(channel, "basic_ack", sending)
    return frames


@pytest.fixture
def acks():
    return BatchedAcks((), sequential_tags=True)


class TestBatchedAcks:
    def test_send_one_frame_for_all_messages(self, delivered, frames, acks, channel, waiting):
        for message in reversed(delivered):
            acks.add(message)
        acks.flush()
        acks.flush()
        channel.close()
        assert frames == [(WAITING, True)]
        assert waiting("inventory") == []

    def test_leave_out_rejected_messages(self, delivered, frames, acks, channel, waiting):
        *most, refused, last = delivered
        acks.reject(refused, requeue=True)
        for message in most:
            acks.add(message)
        acks.flush()
        acks.add(last)
        acks.flush()
        channel.close()
        assert frames == [(WAITING - 2, True), (WAITING, True)]
        assert [message.headers["id"] for message in waiting("inventory")] == [refused.headers["id"]]

    def test_leave_out_an_unfinished_message(self, delivered, frames, acks, channel, waiting):
        first, held, *rest = delivered
        for message in (first, *rest):
            acks.add(message)
        acks.flush()
        channel.close()
        assert frames == [(1, True), *((message.delivery_tag, False) for message in rest)]
        assert [message.headers["id"] for message in waiting("inventory")] == [held.headers["id"]]

    def test_share_frames_again_once_an_earlier_message_is_finished(self, delivered, frames, acks, channel, waiting):
        held, *rest, last = delivered
        for message in rest:
            acks.add(message)
        acks.flush()
        frames.clear()
        acks.add(held)
        acks.add(last)
        acks.flush()
        channel.close()
        assert frames == [(WAITING, True)]
        assert waiting("inventory") == []

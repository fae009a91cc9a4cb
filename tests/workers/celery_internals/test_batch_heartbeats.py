"""Heartbeats during a batch that runs for long, on a real RabbitMQ."""

import threading

import pytest
from kombu import Connection

from kit.process import heartbeat
from tests.stack.tap import tapped
from tests.waiting import until


def wait_with_heartbeats(event):
    """Wait for the event as a long batch does."""
    while not event.wait(0.05):
        heartbeat.beat()


def heartbeats(tap):
    """The number of heartbeats so far."""
    return sum(message.delivery_info["routing_key"] == "worker.heartbeat" for message in tap.listen())


def wait_until_rabbitmq_closes_a_silent_connection(url, *, heartbeat):
    """Connect, send nothing, and return once RabbitMQ has closed the connection for want of heartbeats (seconds)."""
    with Connection(url, heartbeat=heartbeat) as silent, pytest.raises(ConnectionError):
        silent.connect()
        while True:
            silent.drain_events(timeout=60)


@pytest.mark.filterwarnings("ignore")
class TestHeartbeatsDuringABatch:
    def test_are_sent_by_the_worker(self, app, task, send, working):
        enough = threading.Event()
        task.make_calls = lambda: wait_with_heartbeats(enough)
        with tapped(app.conf.broker_url) as tap, working(without_heartbeat=False, heartbeat_interval=0.1):
            send(1)
            until(lambda: task.given)
            try:
                before = heartbeats(tap)
                until(lambda: heartbeats(tap) > before + 1)
            finally:
                enough.set()

    @pytest.mark.slow
    def test_keep_the_connection_to_rabbitmq_open(self, app, rabbitmq, task, send, working):
        app.conf.broker_heartbeat = 3
        closed = threading.Event()
        task.make_calls = lambda: wait_with_heartbeats(closed)
        with working():
            [only] = send(1)
            until(lambda: task.given)
            try:
                wait_until_rabbitmq_closes_a_silent_connection(rabbitmq.url, heartbeat=3)
            finally:
                closed.set()
            [another] = send(1)
            until(lambda: another in task.done)
        assert task.given == [[only], [another]]

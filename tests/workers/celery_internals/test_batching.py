"""How a worker without a pool runs the messages that wait for it, on a real RabbitMQ."""

import itertools
import json
import socket
import threading
from contextlib import closing, contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
from celery.exceptions import Reject
from celery.worker import WorkController, state
from kombu import Connection
from kombu.asynchronous import Hub

from kit.ids import new_id
from kit.process import heartbeat
from tests.stack.tap import tapped
from tests.waiting import until
from workers.celery_internals.batch_runner import TaskCall
from workers.celery_internals.batching import BatchTask, ReadAhead
from workers.outbox.messages import build_messages

WAITING = 20
TASKS = ("inventory.reserve_stock", "inventory.count_stock")


INVALID_MESSAGES = (
    {"headers": {"task": "inventory.of_tomorrow", "id": "1"}},
    {"headers": {"task": [TASKS[0]], "id": "1"}},
    {"headers": {"task": TASKS[0], "id": "1", "compression": "application/x-gzip"}},
    {"headers": {}},
    {"headers": {}, "body": b"rubbish"},
    {"headers": {}, "content_type": "text/plain"},
)


class RecordingTask:
    """Records the batches of a task, and raises the errors set for certain calls."""

    def __init__(self):
        self.given, self.trouble, self.additional, self.make_calls = [], {}, [], None
        self.under_way, self.went_on, self.wake = set(), [], None

    def run_batch(self, calls):
        self.given.append([each.id for each in calls])
        for each in calls:
            trouble = self.trouble.get(each.id, [])
            if trouble:
                raise trouble.pop(0) if len(calls) == 1 else trouble[0]
        if self.make_calls:
            self.make_calls()
        return self.additional

    def is_under_way(self, call):
        return call.id in self.under_way

    def go_on(self):
        self.went_on.append(True)
        return self.additional

    @property
    def done(self):
        return {each for batch in self.given for each in batch}


@pytest.fixture
def task(app):
    task = RecordingTask()

    def alone(**_ids):
        raise AssertionError("there is no pool here")

    for name in TASKS:
        app.task(alone, name=name, base=BatchTask, shared=False, run_batch=staticmethod(task.run_batch), work=task)
    return task


@pytest.fixture
def send(app, publisher):
    def sending(times=WAITING, **otherwise):
        ids = [str(new_id()) for _ in range(times)]
        names = itertools.cycle(TASKS)
        bodies = [{"task": next(names), "id": each, "root": each, "kwargs": {"saga_id": each}} for each in ids]
        publisher.publish([replace(each, **otherwise) for body in bodies for each in build_messages(app, "task", body)])
        return ids

    return sending


@pytest.fixture
def working(app):
    """Runs a worker in a thread of this process within the block."""

    @contextmanager
    def running(**options):
        app.conf.worker_prefetch_multiplier = 64
        worker = WorkController(
            app=app, concurrency=1, queues=["inventory"], without_gossip=True, without_mingle=True,
            quiet=True, loglevel="ERROR", **{"pool_cls": "solo", "without_heartbeat": True, **options},
        )  # fmt: skip
        thread = threading.Thread(target=worker.start, daemon=True)
        thread.start()
        try:
            yield
        finally:
            state.should_stop = 0
            worker.consumer.hub.call_soon(int)  # otherwise it notices only after ten seconds
            thread.join(20)
            state.should_stop = None
        assert not thread.is_alive()

    return running


@pytest.mark.filterwarnings("ignore")
class TestAWorkerWithoutAPool:
    def test_runs_waiting_messages_as_a_batch(self, task, send, working, waiting):
        ids = send()
        with working():
            until(lambda: task.done == set(ids))
        assert len(task.given) < WAITING / len(TASKS)
        assert waiting("inventory") == []

    def test_runs_a_failed_batch_one_by_one_and_loses_none(self, task, send, working, waiting):
        ids = send()
        task.trouble[ids[3]] = [ValueError("this one")]
        with working():
            until(lambda: [ids[3]] in task.given and task.done == set(ids))
            until(lambda: all([each] in task.given or each in set(task.given[-1]) for each in ids))
        assert waiting("inventory") == []

    @pytest.mark.parametrize("invalid", [*INVALID_MESSAGES, {"headers": {"task": TASKS[0]}}, {"body": b"[]"}], ids=str)
    def test_dead_letters_what_is_no_task_message(self, send, task, working, waiting, invalid):
        send(1, **invalid)
        [only] = send(1)
        with working():
            until(lambda: task.done == {only} and waiting("dead.letters"))

    def test_sends_heartbeats_during_a_long_batch(self, app, task, send, working):
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
    def test_keeps_its_connection_during_a_batch_longer_than_two_heartbeats(self, app, rabbitmq, task, send, working):
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

    def test_requeues_a_rejected_message(self, task, send, working, waiting):
        [only] = send(1)
        task.trouble[only] = [Reject("not yet", requeue=True)]
        with working():
            until(lambda: task.given.count([only]) == 2)
        assert waiting("inventory") == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("invalid", INVALID_MESSAGES, ids=str)
def test_a_worker_with_a_pool_dead_letters_what_is_no_task_message(send, working, waiting, invalid):
    send(2, **invalid)
    dead = []
    with working(pool_cls="threads"):
        until(lambda: len(dead.extend(waiting("dead.letters")) or dead) == 2)
    assert waiting("inventory") == []


@pytest.mark.filterwarnings("ignore")
class TestTaskEvents:
    def test_name_the_additional_calls_that_were_run(self, app, task, send, working):
        body = TaskCall("saga.advance", {"saga_id": str(new_id())}, str(new_id()))
        task.additional.append(body)
        with tapped(app.conf.broker_url) as tap, working(task_events=True):
            [only] = send(1)
            until(lambda: ("task-succeeded", body.id) in task_events(tap))
            events = task_events(tap)
        for each in (only, body.id):
            assert [kind for kind, task in events if task == each] == [
                "task-received",
                "task-started",
                "task-succeeded",
            ]


def wait_until_rabbitmq_closes_a_silent_connection(url, *, heartbeat):
    """Connect, send nothing, and return once RabbitMQ has closed the connection for want of heartbeats (seconds)."""
    with Connection(url, heartbeat=heartbeat) as silent, pytest.raises(ConnectionError):
        silent.connect()
        while True:
            silent.drain_events(timeout=60)


@pytest.mark.filterwarnings("ignore")
class TestOngoingWork:
    def test_keeps_its_message_until_it_is_finished(self, task, send, working, waiting):
        ids = send(3)
        task.under_way.add(ids[0])
        with working():
            until(lambda: task.done == set(ids))
            task.under_way.clear()
            task.wake()
            until(lambda: task.went_on)
        assert waiting("inventory") == []

    def test_is_redelivered_alone_when_the_worker_ends(self, task, send, working, waiting):
        ids = send(3)
        task.under_way.add(ids[1])
        with working():
            until(lambda: task.done == set(ids))
        assert [message.headers["id"] for message in waiting("inventory")] == [ids[1]]

    def test_reports_the_additional_calls_that_were_run(self, app, task, send, working):
        body = TaskCall("saga.advance", {"saga_id": str(new_id())}, str(new_id()))
        with tapped(app.conf.broker_url) as tap, working(task_events=True):
            [only] = send(1)
            task.under_way.add(only)
            until(lambda: task.done)
            task.additional.append(body)
            task.under_way.clear()
            task.wake()
            until(lambda: {("task-succeeded", body.id), ("task-succeeded", only)} <= set(task_events(tap)))


def wait_with_heartbeats(event):
    """Wait for the event as a long batch does."""
    while not event.wait(0.05):
        heartbeat.beat()


def heartbeats(tap):
    """The number of heartbeats so far."""
    return sum(message.delivery_info["routing_key"] == "worker.heartbeat" for message in tap.listen())


def task_events(tap):
    """The task events so far: (type, task id)."""
    bodies = [json.loads(m.body) for m in tap.listen() if m.delivery_info["routing_key"] == "task.multi"]
    return [(event["type"], event["uuid"]) for body in bodies for event in body]


class TestReadAhead:
    def test_runs_what_a_callback_has_read_before_the_loop_waits_for_sockets(self):
        hub, worked = Hub(), []
        connection = SimpleNamespace(transport=SimpleNamespace(driver_type="another"))
        read_ahead = ReadAhead(SimpleNamespace(connection=connection, connection_errors=(), hub=hub))
        ours, theirs = socket.socketpair()

        def work(items):
            worked.extend(items)
            theirs.send(b"wakes the loop")

        with ours, theirs, closing(hub):
            hub.add_reader(ours, ours.recv, 64)
            hub.call_soon(read_ahead.add, work, "a message")
            next(hub.loop)
        assert worked == ["a message"]

"""What a worker without a pool does with the messages it finds waiting, on a real RabbitMQ."""

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
from kombu.asynchronous import Hub

from kit.ids import new_id
from saga.engine import external_calls
from tests.stack.tap import tapped
from tests.waiting import until
from workers.gathering import Asked, GatheredTask, Gathering
from workers.messages import messages

WAITING = 20
TASKS = ("inventory.reserve_stock", "inventory.count_stock")


NO_TASKS = (
    {"headers": {"task": "inventory.of_tomorrow", "id": "1"}},
    {"headers": {"task": [TASKS[0]], "id": "1"}},
    {"headers": {"task": TASKS[0], "id": "1", "compression": "application/x-gzip"}},
    {"headers": {}},
    {"headers": {}, "body": b"rubbish"},
    {"headers": {}, "content_type": "text/plain"},
)


class Bench:
    """Remembers what a task was given, and what it shall raise when it is given a certain one."""

    def __init__(self):
        self.given, self.trouble, self.with_them, self.make_calls = [], {}, [], None

    def together(self, asked):
        self.given.append([each.id for each in asked])
        for each in asked:
            trouble = self.trouble.get(each.id, [])
            if trouble:
                raise trouble.pop(0) if len(asked) == 1 else trouble[0]
        if self.make_calls:
            self.make_calls()
        return self.with_them

    @property
    def done(self):
        return {each for batch in self.given for each in batch}


@pytest.fixture
def bench(app):
    bench = Bench()

    def alone(**_ids):
        raise AssertionError("there is no pool here")

    for name in TASKS:
        app.task(alone, name=name, base=GatheredTask, shared=False, together=staticmethod(bench.together))
    return bench


@pytest.fixture
def send(app, publisher):
    def sending(times=WAITING, **otherwise):
        ids = [str(new_id()) for _ in range(times)]
        names = itertools.cycle(TASKS)
        tasks = [{"task": next(names), "id": each, "root": each, "kwargs": {"saga_id": each}} for each in ids]
        publisher.publish([replace(each, **otherwise) for task in tasks for each in messages(app, "task", task)])
        return ids

    return sending


@pytest.fixture
def working(app):
    """A worker at work in a thread of this process while the block runs."""

    @contextmanager
    def at_work(**options):
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
            worker.consumer.hub.call_soon(int)  # it would look around in ten seconds only
            thread.join(20)
            state.should_stop = None
        assert not thread.is_alive()

    return at_work


@pytest.mark.filterwarnings("ignore")
class TestAWorkerWithoutAPool:
    def test_takes_what_waits_together(self, bench, send, working, waiting):
        ids = send()
        with working():
            until(lambda: bench.done == set(ids))
        assert len(bench.given) < WAITING / len(TASKS)
        assert waiting("inventory") == []

    def test_takes_a_batch_that_fails_one_by_one_and_loses_none(self, bench, send, working, waiting):
        ids = send()
        bench.trouble[ids[3]] = [ValueError("this one")]
        with working():
            until(lambda: [ids[3]] in bench.given and bench.done == set(ids))
            until(lambda: all([each] in bench.given or each in set(bench.given[-1]) for each in ids))
        assert waiting("inventory") == []

    @pytest.mark.parametrize("spoilt", [*NO_TASKS, {"headers": {"task": TASKS[0]}}, {"body": b"[]"}], ids=str)
    def test_sets_aside_what_is_no_task_message(self, send, bench, working, waiting, spoilt):
        send(1, **spoilt)
        [only] = send(1)
        with working():
            until(lambda: bench.done == {only} and waiting("dead.letters"))

    def test_is_not_silent_while_outside_calls_are_made(self, app, bench, send, working):
        enough = threading.Event()
        bench.make_calls = lambda: external_calls.make_all({new_id(): enough.wait, new_id(): enough.wait})
        with tapped(app.conf.broker_url) as tap, working(without_heartbeat=False, heartbeat_interval=0.1):
            send(1)
            until(lambda: bench.given)
            try:
                before = heartbeats(tap)
                until(lambda: heartbeats(tap) > before + 1)
            finally:
                enough.set()

    def test_gives_back_what_has_to_wait(self, bench, send, working, waiting):
        [only] = send(1)
        bench.trouble[only] = [Reject("not yet", requeue=True)]
        with working():
            until(lambda: bench.given.count([only]) == 2)
        assert waiting("inventory") == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("spoilt", NO_TASKS, ids=str)
def test_a_worker_with_a_pool_sets_aside_what_is_no_task_message(send, working, waiting, spoilt):
    send(2, **spoilt)
    dead = []
    with working(pool_cls="threads"):
        until(lambda: len(dead.extend(waiting("dead.letters")) or dead) == 2)
    assert waiting("inventory") == []


@pytest.mark.filterwarnings("ignore")
class TestWhoeverWatches:
    def test_sees_what_was_run_with_what_was_asked_for(self, app, bench, send, working):
        body = Asked("saga.advance", {"saga_id": str(new_id())}, str(new_id()))
        bench.with_them.append(body)
        with tapped(app.conf.broker_url) as tap, working(task_events=True):
            [only] = send(1)
            until(lambda: ("task-succeeded", body.id) in told_to(tap))
            told = told_to(tap)
        for each in (only, body.id):
            assert [kind for kind, task in told if task == each] == ["task-received", "task-started", "task-succeeded"]


def heartbeats(tap):
    """How many have been heard so far."""
    return sum(message.delivery_info["routing_key"] == "worker.heartbeat" for message in tap.listen())


def told_to(tap):
    """What workers have told of tasks so far: each event's kind, and the task's id."""
    bodies = [json.loads(m.body) for m in tap.listen() if m.delivery_info["routing_key"] == "task.multi"]
    return [(event["type"], event["uuid"]) for body in bodies for event in body]


class TestGathering:
    def test_works_off_what_a_callback_has_read_before_the_loop_waits_for_sockets(self):
        hub, worked = Hub(), []
        connection = SimpleNamespace(transport=SimpleNamespace(driver_type="another"))
        gathering = Gathering(SimpleNamespace(connection=connection, connection_errors=(), hub=hub))
        ours, theirs = socket.socketpair()

        def work(items):
            worked.extend(items)
            theirs.send(b"now the loop need not wait")

        with ours, theirs, closing(hub):
            hub.add_reader(ours, ours.recv, 64)
            hub.call_soon(gathering.add, work, "a message")
            next(hub.loop)
        assert worked == ["a message"]

"""What a worker without a pool does with the messages it finds waiting, on a real RabbitMQ."""

import socket
import threading
from contextlib import closing, contextmanager
from types import SimpleNamespace

import pytest
from celery.exceptions import Reject
from celery.worker import WorkController, state
from kombu.asynchronous import Hub

from kit.ids import new_id
from tests.waiting import until
from workers.gathering import GatheredTask, Gathering
from workers.messages import messages

WAITING = 20


class Bench:
    """Remembers what a task was given, and what it shall raise when it is given a certain one."""

    def __init__(self):
        self.given, self.trouble = [], {}

    def together(self, given):
        self.given.append([each["saga_id"] for each in given])
        for each in given:
            trouble = self.trouble.get(each["saga_id"], [])
            if trouble:
                raise trouble.pop(0) if len(given) == 1 else trouble[0]

    @property
    def done(self):
        return {each for batch in self.given for each in batch}


@pytest.fixture
def bench(app):
    bench = Bench()

    def alone(**given):
        bench.together([given])

    app.task(
        alone, name="inventory.reserve_stock", base=GatheredTask, shared=False, together=staticmethod(bench.together)
    )
    return bench


@pytest.fixture
def send(app, publisher):
    def sending(times=WAITING):
        ids = [str(new_id()) for _ in range(times)]
        tasks = [
            {"task": "inventory.reserve_stock", "id": each, "root": each, "kwargs": {"saga_id": each}} for each in ids
        ]
        publisher.publish([message for task in tasks for message in messages(app, "task", task)])
        return ids

    return sending


@pytest.fixture
def working(app):
    """A worker at work in a thread of this process while the block runs."""

    @contextmanager
    def at_work():
        app.conf.worker_prefetch_multiplier = 64
        worker = WorkController(
            app=app, pool_cls="solo", concurrency=1, queues=["inventory"], without_gossip=True, without_mingle=True,
            without_heartbeat=True, quiet=True, loglevel="ERROR",
        )  # fmt: skip
        thread = threading.Thread(target=worker.start, daemon=True)
        thread.start()
        try:
            yield
        finally:
            state.should_stop = 0
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
        assert len(bench.given) < WAITING
        assert waiting("inventory") == []

    def test_takes_a_batch_that_fails_one_by_one_and_loses_none(self, bench, send, working, waiting):
        ids = send()
        bench.trouble[ids[3]] = [ValueError("this one")]
        with working():
            until(lambda: [ids[3]] in bench.given and bench.done == set(ids))
            until(lambda: all([each] in bench.given or each in set(bench.given[-1]) for each in ids))
        assert waiting("inventory") == []

    def test_gives_back_what_has_to_wait(self, bench, send, working, waiting):
        [only] = send(1)
        bench.trouble[only] = [Reject("not yet", requeue=True)]
        with working():
            until(lambda: bench.given.count([only]) == 2)
        assert waiting("inventory") == []


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

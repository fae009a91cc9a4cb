import itertools
import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest
from celery.worker import WorkController, state

from kit.ids import new_id
from tests.workers.celery_internals.recording_task import TASKS, WAITING, RecordingTask
from workers.celery_internals.batching import BatchTask
from workers.outbox.messages import build_messages


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

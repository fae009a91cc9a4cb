"""How a worker without a pool runs the messages that wait for it, on a real RabbitMQ."""

import json
import socket
from contextlib import closing
from types import SimpleNamespace

import pytest
from celery.exceptions import Reject
from kombu.asynchronous import Hub

from kit.ids import new_id
from tests.stack.tap import tapped
from tests.waiting import until
from tests.workers.celery_internals.recording_task import TASKS, WAITING
from workers.celery_internals.batch_runner import TaskCall
from workers.celery_internals.batching import ReadAhead

INVALID_MESSAGES = (
    {"headers": {"task": "inventory.of_tomorrow", "id": "1"}},
    {"headers": {"task": [TASKS[0]], "id": "1"}},
    {"headers": {"task": TASKS[0], "id": "1", "compression": "application/x-gzip"}},
    {"headers": {}},
    {"headers": {}, "body": b"rubbish"},
    {"headers": {}, "content_type": "text/plain"},
)


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

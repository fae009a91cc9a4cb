"""How a worker runs saga tasks, depending on its queues."""

import json
from threading import Event

import pytest

from saga.engine.state_machine import ADVANCE
from saga.place_order import PLACE_ORDER
from saga.steps.notifications.email_customer import email_customer
from tests.workers.queued_messages import run_together, take_from_outbox, tasks_in
from workers.celery_internals.batch_runner import TaskCall
from workers.tasks import sagas

pytestmark = pytest.mark.usefixtures("outside_world")

HEADERS = [step.task for step in PLACE_ORDER.stages[0].steps]


@pytest.fixture
def headers(app, front):
    """The chord headers of a new order."""
    sagas.register(app)
    front.place()
    return tasks_in(take_from_outbox(app), *HEADERS)


class TestAWorkerWithBodies:
    def test_runs_both_headers_and_continues(self, app, headers):
        run_together(app, *headers)
        assert names(take_from_outbox(app)) == [email_customer.task]

    def test_returns_the_body_with_the_id_from_the_headers(self, app, headers):
        [(_, ids, embed), _] = [json.loads(header.body) for header in headers]
        calls = [TaskCall(header.routing_key, ids, header.id) for header in headers]
        task, woken = app.tasks[HEADERS[0]], Event()
        task.work.wake = woken.set
        bodies = list(task.run_batch(calls))
        while task.work.is_under_way(calls[0]):
            assert woken.wait(20)
            woken.clear()
            bodies += task.work.go_on()
        [body] = bodies
        assert (body.task, body.id) == (embed["chord"]["task"], embed["chord"]["options"]["task_id"])


class TestAWorkerWithoutBodies:
    @pytest.fixture(autouse=True)
    def _share(self, app):
        app.amqp.queues.deselect("saga")

    def test_sends_the_body(self, app, headers):
        run_together(app, *headers)
        assert names(take_from_outbox(app)) == [ADVANCE]


class TestAPool:
    def test_sends_the_body_and_runs_one_step_per_message(self, app, headers):
        for header in headers:
            _, ids, _ = json.loads(header.body)
            app.tasks[header.routing_key].apply(kwargs=ids, throw=True)
        [body] = tasks_in(take_from_outbox(app), ADVANCE, email_customer.task)
        _, ids, _ = json.loads(body.body)
        app.tasks[ADVANCE].apply(kwargs=ids, throw=True)
        assert names(take_from_outbox(app)) == [email_customer.task]


def names(found):
    """The tasks among these messages."""
    return [message.routing_key for message in found if "task" in message.headers]

"""What a worker does with the saga tasks at hand, by the queues it has."""

import json

import pytest

from saga.engine.state_machine import ADVANCE
from saga.place_order import PLACE_ORDER
from saga.steps.email_customer import email_customer
from tests.workers.at_hand import sent, take, tasks_in
from workers import sagas

pytestmark = pytest.mark.usefixtures("outside_world")

HEADERS = [step.task for step in PLACE_ORDER.stages[0].steps]


@pytest.fixture
def headers(app, front):
    """The headers of a chord that an order has begun with."""
    sagas.register(app)
    front.place()
    return tasks_in(sent(app), *HEADERS)


class TestAWorkerThatTakesBodies:
    def test_takes_both_headers_and_goes_on(self, app, headers):
        take(app, *headers)
        assert names(sent(app)) == [email_customer.task]

    def test_names_the_body_it_was_as_the_headers_do(self, app, headers):
        [(_, ids, embed), _] = [json.loads(header.body) for header in headers]
        asked = [sagas.Asked(header.routing_key, ids, header.id) for header in headers]
        [body] = app.tasks[HEADERS[0]].together(asked)
        assert (body.task, body.id) == (embed["chord"]["task"], embed["chord"]["options"]["task_id"])


class TestAWorkerThatTakesNone:
    @pytest.fixture(autouse=True)
    def _share(self, app):
        app.amqp.queues.deselect("saga")

    def test_sends_the_body(self, app, headers):
        take(app, *headers)
        assert names(sent(app)) == [ADVANCE]


class TestAPool:
    def test_sends_the_body_and_takes_one_step_a_message(self, app, headers):
        for header in headers:
            _, ids, _ = json.loads(header.body)
            app.tasks[header.routing_key].apply(kwargs=ids, throw=True)
        [body] = tasks_in(sent(app), ADVANCE, email_customer.task)
        _, ids, _ = json.loads(body.body)
        app.tasks[ADVANCE].apply(kwargs=ids, throw=True)
        assert names(sent(app)) == [email_customer.task]


def names(found):
    """The tasks among these messages."""
    return [message.routing_key for message in found if "task" in message.headers]

"""A request is found again in the lines that workers log."""

import pytest
import structlog

from kit import db
from saga.engine import perform
from saga.place_order import PLACE_ORDER
from tests.saga.storefront import Storefront
from workers import reactions, sagas
from workers.logged import about
from workers.messages import messages
from workers.reactions import _hearer

QUEUE = "notification.events"


@pytest.fixture
def front(database):
    return Storefront(database)


@pytest.fixture
def lines(monkeypatch):
    """What lines logged in tasks and reactions would say."""
    said = []

    def probe(*_args):
        said.append(structlog.contextvars.get_contextvars())

    monkeypatch.setattr(perform, "take_step", probe)
    monkeypatch.setattr(reactions, "react", probe)
    return said


@pytest.fixture
def sent(front, app):
    """The messages that an order of the request `mine` leads to at first."""
    with about(request_id="mine"):
        front.place()
    with db.operator_transaction() as session:
        rows = session.connection().exec_driver_sql("SELECT kind, body FROM outbox ORDER BY id").all()
    return [message for kind, body in rows for message in messages(app, kind, body)]


class Heard:
    """A message as a consumer is given it."""

    def __init__(self, message):
        self.body, self.headers = message.body, message.headers

    def ack(self):
        pass


class TestRequest:
    def test_is_named_by_every_task_and_every_line_of_it(self, app, sent, lines):
        sagas.register(app)
        tasks = [message for message in sent if "task" in message.headers]
        assert {message.headers["requestid"] for message in tasks} == {"mine"}
        assert len(tasks) == len(PLACE_ORDER.stages[0].steps)
        for message in tasks:
            ids = {"saga_id": message.headers["root_id"], "company_id": message.headers["root_id"], "order_id": "1"}
            app.tasks[message.headers["task"]].apply(kwargs=ids, headers={"requestid": "mine"}).get()
        assert [line["request_id"] for line in lines] == ["mine"] * len(tasks)
        assert {line["saga_id"] for line in lines} == {message.headers["root_id"] for message in tasks}
        assert "request_id" not in structlog.contextvars.get_contextvars()

    def test_is_named_by_every_line_of_a_reaction(self, sent, lines):
        (event,) = [message for message in sent if message.routing_key == "order.created"]
        _hearer(QUEUE)(Heard(event))
        assert [(line["request_id"], line["event_id"]) for line in lines] == [("mine", event.id)]

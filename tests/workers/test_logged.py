"""A request is found again in the lines that workers log, also where they take many messages together."""

import json
from collections import defaultdict
from uuid import UUID

import pytest
import structlog
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from saga.engine import executor
from saga.place_order import PLACE_ORDER
from saga.steps.email_customer import email_customer
from tests.workers.at_hand import RECEIPTS, Heard, sent, take, tasks_in
from workers import reactions, sagas
from workers.logged import about

QUEUE = "notification.events"
DECLINED = "pm_card_chargeDeclined"
ANNOUNCED = {
    "order.created", "order.completed", "order.failed", "order.cancelled",
    "inventory.reserved", "inventory.released", "inventory.taken_back",
    "payment.authorised", "payment.success", "payment.failed", "payment.voided", "payment.refunded",
}  # fmt: skip
FIRST = [step.task for step in PLACE_ORDER.stages[0].steps]


@pytest.fixture(autouse=True)
def _of_no_request():
    """Earlier tests may have made requests in this thread."""
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def lines(monkeypatch):
    """What lines logged in tasks and reactions would say."""
    said = []

    def probe(*_args, **_named):
        said.append(structlog.contextvars.get_contextvars())
        return []

    monkeypatch.setattr(executor, "take_steps", probe)
    monkeypatch.setattr(reactions, "react", probe)
    return said


@pytest.fixture
def placed(front, app):
    """Places an order for each of these requests; the messages that they lead to at first."""
    sagas.register(app)

    def placing(*requests):
        for request in requests:
            with about(request_id=request):
                front.place()
        return sent(app)

    return placing


class TestRequest:
    def test_is_named_by_every_task_and_every_line_of_it(self, app, placed, lines):
        tasks = [message for message in placed("mine") if "task" in message.headers]
        assert {message.headers["requestid"] for message in tasks} == {"mine"}
        assert [message.routing_key for message in tasks] == FIRST
        for message in tasks:
            _, ids, _ = json.loads(message.body)
            app.tasks[message.routing_key].apply(kwargs=ids, headers={"requestid": "mine"}, throw=True)
            take(app, message)
        assert [line["request_id"] for line in lines] == ["mine"] * 2 * len(tasks)
        assert {line["saga_id"] for line in lines} == {message.headers["root_id"] for message in tasks}
        assert "request_id" not in structlog.contextvars.get_contextvars()

    def test_is_named_by_every_line_of_a_reaction(self, placed, lines):
        (event,) = [message for message in placed("mine") if message.routing_key == "order.created"]
        reactions.hear(QUEUE, RECEIPTS, [Heard(event)])
        assert [(line["request_id"], line["event_id"]) for line in lines] == [("mine", event.id)]


class TestRequestsOfABatch:
    def test_are_each_named_by_what_its_order_leads_to(self, app, placed, outside_world):
        found = placed("one", "two", "three")
        begun = {saga_of(message): message.headers["requestid"] for message in found if message.routing_key in FIRST}
        assert sorted(begun.values()) == ["one", "three", "two"]
        for task in FIRST:
            take(app, *tasks_in(found, task))
        followed = sent(app)
        mails = tasks_in(followed, email_customer.task)
        assert {saga_of(message): message.headers["requestid"] for message in mails} == begun
        events = [json.loads(message.body) for message in followed if message.routing_key == "inventory.reserved"]
        assert sorted(event["requestid"] for event in events) == sorted(begun.values())

    def test_are_each_named_by_every_event_about_its_order(self, app, front, placed, outside_world):
        orders = {}
        for request, how in {"one": {}, "two": {"method": DECLINED}, "three": {}, "four": {"quantity": 99}}.items():
            with about(request_id=request):
                orders[front.place(**how)] = request
        events = take_all(app)
        paid = [order_id for order_id in orders if front.order(order_id).status == "paid"]
        for order_id in paid:
            with about(request_id=orders[order_id]):
                front.cancel(order_id)
        events += take_all(app)
        assert len(paid) == 2
        assert {event["type"] for event in events} == ANNOUNCED
        assert [event["type"] for event in events if event.get("requestid") != orders[order_of(event)]] == []

    def test_are_not_named_by_a_line_about_all(self, app, placed, lines):
        take(app, *tasks_in(placed("one", "two"), FIRST[0]))
        assert ["request_id" in line for line in lines] == [False]

    def test_are_each_named_by_the_line_about_its_failure(self, app, placed, monkeypatch):
        def fail(*_args, **_named):
            raise ValueError

        monkeypatch.setattr(executor, "take_steps", fail)
        monkeypatch.setattr(reactions, "react", fail)
        found = placed("one", "two")
        with capture_logs(processors=[merge_contextvars]) as said:
            take(app, *tasks_in(found, FIRST[0]))
            reactions.hear(
                QUEUE, RECEIPTS, [Heard(message) for message in found if message.routing_key == "order.created"]
            )
        assert [(line["event"], line["request_id"]) for line in said] == [
            ("a task failed", "one"), ("a task failed", "two"),
            ("an event could not be acted on", "one"), ("an event could not be acted on", "two"),
        ]  # fmt: skip


def take_all(app):
    """Take all tasks until none is left, those that are run together in one batch; the events they led to."""
    events, waiting = [], sent(app)
    while waiting:
        events += [json.loads(message.body) for message in waiting if "task" not in message.headers]
        batches = defaultdict(list)
        for message in waiting:
            if "task" in message.headers:
                batches[app.tasks[message.routing_key].together].append(message)
        for batch in batches.values():
            take(app, *batch)
        waiting = sent(app)
    return events


def order_of(event):
    return UUID(event["data"]["order_id"])


def saga_of(message):
    return message.headers["root_id"]

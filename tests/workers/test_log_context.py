"""The log lines of workers have the request id, also those of batches."""

import json
from collections import defaultdict
from uuid import UUID

import pytest
import structlog
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from saga.engine import executor
from saga.place_order import PLACE_ORDER
from saga.steps.notifications.email_customer import email_customer
from tests.requests import TRACEPARENT, in_request
from tests.workers.queued_messages import ACKS, FakeMessage, run_together, take_from_outbox, tasks_in
from workers.events import consumer, reactions
from workers.tasks import sagas

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


def replace_run_steps(monkeypatch, function):
    """Call this function in the place of steps: those of a batch, and those of a single message."""
    for owner in (executor.Executor, executor):
        monkeypatch.setattr(owner, "run_steps", function)


@pytest.fixture
def lines(monkeypatch):
    """The fields that a line logged in a task or a reaction would have."""
    said = []

    def probe(*_args, **_named):
        said.append(structlog.contextvars.get_contextvars())
        return []

    replace_run_steps(monkeypatch, probe)
    monkeypatch.setattr(reactions, "process", probe)
    return said


@pytest.fixture
def placed(front, app):
    """Places an order for each of these request ids; returns the messages that wait for the relay."""
    sagas.register(app)

    def placing(*requests):
        for request in requests:
            with in_request(request):
                front.place()
        return take_from_outbox(app)

    return placing


class TestRequestId:
    def test_is_in_every_task_and_in_its_lines(self, app, placed, lines):
        tasks = [message for message in placed("mine") if "task" in message.headers]
        assert {message.headers["requestid"] for message in tasks} == {"mine"}
        assert [message.routing_key for message in tasks] == FIRST
        for message in tasks:
            _, ids, _ = json.loads(message.body)
            app.tasks[message.routing_key].apply(kwargs=ids, headers=message.headers, throw=True)
            run_together(app, message)
        assert [line["request_id"] for line in lines] == ["mine"] * 2 * len(tasks)
        assert {line["trace_id"] for line in lines} == {TRACEPARENT.split("-")[1]}
        assert {line["saga_id"] for line in lines} == {message.headers["root_id"] for message in tasks}
        assert "request_id" not in structlog.contextvars.get_contextvars()

    def test_is_in_every_line_of_a_reaction(self, placed, lines):
        (event,) = [message for message in placed("mine") if message.routing_key == "order.created"]
        consumer.handle_messages(QUEUE, ACKS, [FakeMessage(event)])
        assert [(line["request_id"], line["event_id"]) for line in lines] == [("mine", event.id)]
        assert [line["trace_id"] for line in lines] == [TRACEPARENT.split("-")[1]]


class TestRequestIdsOfABatch:
    def test_are_in_the_messages_about_each_order(self, app, placed, outside_world):
        found = placed("one", "two", "three")
        begun = {saga_of(message): message.headers["requestid"] for message in found if message.routing_key in FIRST}
        assert sorted(begun.values()) == ["one", "three", "two"]
        for task in FIRST:
            run_together(app, *tasks_in(found, task))
        followed = take_from_outbox(app)
        mails = tasks_in(followed, email_customer.task)
        assert {saga_of(message): message.headers["requestid"] for message in mails} == begun
        events = [json.loads(message.body) for message in followed if message.routing_key == "inventory.reserved"]
        assert sorted(event["requestid"] for event in events) == sorted(begun.values())

    def test_are_in_every_event_about_each_order(self, app, front, placed, outside_world):
        orders = {}
        for request, how in {"one": {}, "two": {"method": DECLINED}, "three": {}, "four": {"quantity": 99}}.items():
            with in_request(request):
                orders[front.place(**how)] = request
        events = take_all(app)
        paid = [order_id for order_id in orders if front.order(order_id).status == "paid"]
        for order_id in paid:
            with in_request(orders[order_id]):
                front.cancel(order_id)
        events += take_all(app)
        assert len(paid) == 2
        assert {event["type"] for event in events} == ANNOUNCED
        assert [event["type"] for event in events if event.get("requestid") != orders[order_of(event)]] == []

    def test_are_not_in_a_line_about_the_whole_batch(self, app, placed, lines):
        run_together(app, *tasks_in(placed("one", "two"), FIRST[0]))
        assert ["request_id" in line for line in lines] == [False]

    def test_are_in_the_line_about_each_failure(self, app, placed, monkeypatch):
        def fail(*_args, **_named):
            raise ValueError

        replace_run_steps(monkeypatch, fail)
        monkeypatch.setattr(reactions, "process", fail)
        found = placed("one", "two")
        with capture_logs(processors=[merge_contextvars]) as said:
            run_together(app, *tasks_in(found, FIRST[0]))
            consumer.handle_messages(
                QUEUE, ACKS, [FakeMessage(message) for message in found if message.routing_key == "order.created"]
            )
        assert [(line["event"], line["request_id"]) for line in said] == [
            ("task failed", "one"), ("task failed", "two"),
            ("event not processed", "one"), ("event not processed", "two"),
        ]  # fmt: skip


def take_all(app):
    """Run all tasks, in batches, until none is left; returns their events."""
    events, waiting = [], take_from_outbox(app)
    while waiting:
        events += [json.loads(message.body) for message in waiting if "task" not in message.headers]
        batches = defaultdict(list)
        for message in waiting:
            if "task" in message.headers:
                batches[app.tasks[message.routing_key].run_batch].append(message)
        for batch in batches.values():
            run_together(app, *batch)
        waiting = take_from_outbox(app)
    return events


def order_of(event):
    return UUID(event["data"]["order_id"])


def saga_of(message):
    return message.headers["root_id"]

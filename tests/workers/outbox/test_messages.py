import orjson
import pytest
from celery import Celery

from workers.outbox.messages import build_messages
from workers.queues import TASK_EXCHANGE

TASK = {"task": "inventory.reserve_stock", "id": "t1", "kwargs": {"saga_id": "s1"}, "root": "r1", "requestid": "q1"}
BODY = {"task": "saga.advance", "id": "b1", "kwargs": {"saga_id": "s1"}}
DEFAULTS = {"argsrepr", "origin", "retries", "timelimit", "replaced_task_nesting", "stamps"}
"""Headers that Celery reads with a default, which is what it would send."""


@pytest.fixture(scope="module")
def app():
    """An app without a connection."""
    return Celery("example")


@pytest.fixture
def written_by_celery(app):
    """The body and headers that Celery itself would send for TASK."""

    def write(**chord):
        message = app.amqp.as_task_v2(
            TASK["id"], TASK["task"], kwargs=TASK["kwargs"], root_id=TASK["root"], ignore_result=True, **chord
        )
        headers = {name: value for name, value in message.headers.items() if value is not None}
        return orjson.loads(orjson.dumps(message.body)), headers

    return write


class TestTask:
    def test_is_the_message_that_celery_would_send_without_default_headers(self, app, written_by_celery):
        [message] = build_messages(app, "task", TASK)
        body, headers = written_by_celery()
        assert orjson.loads(message.body) == body
        assert message.headers == {
            "requestid": "q1", **{name: value for name, value in headers.items() if name not in DEFAULTS}
        }  # fmt: skip
        assert (message.exchange, message.routing_key, message.mandatory) == (TASK_EXCHANGE.name, TASK["task"], True)

    def test_in_a_chord_is_the_one_that_celery_would_send(self, app, written_by_celery):
        row = {"id": "c1", "header": [TASK, {**TASK, "id": "t2"}], "body": BODY}
        [first, second] = build_messages(app, "chord", row)
        chord = app.signature(BODY["task"], kwargs=BODY["kwargs"], immutable=True, task_id=BODY["id"])
        body, headers = written_by_celery(group_id="c1", group_index=0, chord=chord)
        assert orjson.loads(first.body) == body
        assert first.headers == {
            "requestid": "q1", **{name: value for name, value in headers.items() if name not in DEFAULTS}
        }  # fmt: skip
        assert (second.id, second.headers["group_index"]) == ("t2", 1)

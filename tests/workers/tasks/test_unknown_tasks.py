"""Tasks of sagas that only another release knows go back to the outbox; other unknown tasks do not."""

import json

import pytest

from saga.place_order import PLACE_ORDER
from tests.requests import in_request
from tests.workers.queued_messages import FakeMessage, run_together, take_from_outbox, tasks_in
from workers.tasks import sagas, unknown_tasks

HEADERS = [step.task for step in PLACE_ORDER.stages[0].steps]
RELEASED = "UPDATE sagas SET version = 99 WHERE id = (SELECT max(id::text)::uuid FROM sagas)"


@pytest.fixture
def headers(app, front):
    """The chord headers of two orders, of which the later one's saga is of another release."""
    sagas.register(app)
    with in_request("mine"):
        front.place()
        front.place()
    front.sql(RELEASED)
    return tasks_in(take_from_outbox(app), *HEADERS)


def sagas_of(messages):
    return {message.headers["root_id"] for message in messages}


class TestAWorker:
    @pytest.mark.usefixtures("outside_world")
    def test_puts_back_the_tasks_of_unknown_versions_only(self, app, headers):
        run_together(app, *headers)
        put_back = tasks_in(take_from_outbox(app), *HEADERS)
        assert sorted(message.routing_key for message in put_back) == sorted(HEADERS)
        assert sagas_of(put_back) == {max(sagas_of(headers))}
        original = {message.id: json.loads(message.body)[1] for message in headers}
        assert all(original[message.id] == json.loads(message.body)[1] for message in put_back)

    @pytest.mark.usefixtures("outside_world")
    def test_puts_them_back_once_where_another_saga_of_the_batch_fails(self, app, headers, monkeypatch):
        def fail(**_):
            raise LookupError

        monkeypatch.setattr("domain.inventory.reservations.reserve", fail)
        run_together(app, *headers, *headers)
        put_back = [each for each in take_from_outbox(app) if each.headers.get("root_id") == max(sagas_of(headers))]
        assert sorted(message.routing_key for message in put_back) == sorted(HEADERS)


class TestAnUnknownTask:
    def test_of_an_unknown_version_is_put_back(self, app, headers):
        message = FakeMessage(next(each for each in headers if each.headers["root_id"] == max(sagas_of(headers))))
        message.headers = {**message.headers, "task": "inventory.pack_goods"}
        assert unknown_tasks.put_back(message)
        [sent] = tasks_in(take_from_outbox(app), "inventory.pack_goods")
        assert (sent.id, sent.headers["requestid"]) == (message.headers["id"], "mine")

    def test_of_a_known_version_is_not(self, headers):
        message = FakeMessage(next(each for each in headers if each.headers["root_id"] == min(sagas_of(headers))))
        assert not unknown_tasks.put_back(message)

    def test_of_no_saga_is_not(self, headers):
        message = FakeMessage(headers[0])
        message.payload = ([], {"mail_id": "x"}, {})
        assert not unknown_tasks.put_back(message)

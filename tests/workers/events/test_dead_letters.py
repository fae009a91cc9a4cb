"""Listing, replaying and discarding dead letters, on a real RabbitMQ."""

import json
from dataclasses import replace
from hashlib import sha256

import pytest
from typer.testing import CliRunner

from kit.errors import Conflict, NotFound
from kit.ids import new_id
from ops.cli import app as cli
from tests.waiting import until
from workers.events.dead_letters import discard, list_dead_letters, replay
from workers.outbox.messages import build_messages

TASK = "inventory.reserve_stock"


@pytest.fixture
def send(app, publisher):
    """Sends a task, with other headers or another body if given; returns its id and its arguments."""

    def sending(**otherwise):
        task = {"task": TASK, "id": str(new_id()), "kwargs": {"saga_id": str(new_id())}}
        publisher.publish([replace(message, **otherwise) for message in build_messages(app, "task", task)])
        return task["id"], task["kwargs"]

    return sending


@pytest.fixture
def dead_letter_all(app):
    """Dead-letters all messages that wait in `inventory`."""

    def dead_lettering():
        before = len(list_dead_letters())
        with app.connection_for_write() as connection, connection.channel() as channel:
            rejected = list(iter(lambda: channel.basic_get("inventory"), None))
            for message in rejected:
                channel.basic_reject(message.delivery_tag, requeue=False)
        until(lambda: len(list_dead_letters()) == before + len(rejected))

    return dead_lettering


class TestDeadLetter:
    def test_has_the_name_the_arguments_and_the_reason(self, send, dead_letter_all):
        task_id, about = send()
        dead_letter_all()
        [letter] = list_dead_letters()
        assert (letter.id, letter.name, letter.payload) == (task_id, TASK, about)
        assert (letter.queue, letter.reason, letter.deaths) == ("inventory", "rejected", 1)

    @pytest.mark.parametrize(
        "body", [b"[]", b"[[], 5, {}]", b'"text"', b"\xff", b"{}", b"", pytest.param(b"[" * 100_000, id="nested")]
    )
    @pytest.mark.parametrize(
        "headers",
        [{}, {"task": TASK}, {"task": TASK, "id": "1"}, {"task": TASK, "id": "1", "compression": "application/x-gzip"}],
    )
    def test_without_a_readable_body_has_its_digest_as_id(self, send, dead_letter_all, headers, body):
        send(headers=headers, body=body)
        dead_letter_all()
        [letter] = list_dead_letters()
        assert (letter.id, letter.name, letter.payload) == (sha256(body).hexdigest()[:16], "unreadable", {})
        assert letter.queue == "inventory"

    @pytest.mark.parametrize("headers", [{"task": TASK, "id": 1}, {"task": [TASK], "id": "1"}])
    def test_with_an_invalid_name_or_id_has_its_digest_as_id(self, send, dead_letter_all, headers):
        send(headers=headers)
        dead_letter_all()
        [letter] = list_dead_letters()
        assert letter.name == "unreadable"

    def test_published_by_hand_delays_no_other(self, app, send, dead_letter_all, waiting):
        with app.connection_for_write() as connection, connection.channel() as channel:
            connection.Producer(channel).publish({}, exchange="orderx_dead", routing_key="by.hand", serializer="json")
        until(list_dead_letters)
        task_id, _ = send()
        dead_letter_all()
        stray, letter = list_dead_letters()
        assert (stray.queue, stray.reason, stray.deaths, letter.id) == ("dead.letters", "published here", 0, task_id)
        with pytest.raises(Conflict, match=f"{stray.id} came from no queue"):
            replay(ids={stray.id, task_id})
        assert [letter.id for letter in replay()] == [task_id]
        assert len(waiting("inventory")) == 1
        assert [letter.id for letter in discard({stray.id})] == [stray.id]
        assert list_dead_letters() == []


class TestTheCommand:
    def test_prints_a_line_for_each_letter(self, send, dead_letter_all):
        (task_id, about), _ = send(), send(headers={}, body=b"rubbish")
        dead_letter_all()
        assert orderx("dead", "list").splitlines() == [
            f"{task_id}  {TASK} of inventory: rejected, saga_id {about['saga_id']}",
            f"{sha256(b'rubbish').hexdigest()[:16]}  unreadable of inventory: rejected",
            "dead letters: 2",
        ]

    def test_prints_what_it_has_done_and_when_nothing_is_left(self, send, dead_letter_all):
        task_id, _ = send()
        dead_letter_all()
        assert orderx("dead", "replay").splitlines()[-1] == "sent again: 1"
        dead_letter_all()
        assert orderx("dead", "discard", task_id).splitlines()[-1] == "discarded: 1"
        assert orderx("dead", "list") == "dead letters: none\n"


def orderx(*words):
    """Runs the command; returns its output."""
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    return done.output


class TestReplay:
    def test_replays_the_named_messages(self, send, dead_letter_all, waiting):
        (first, about), (second, _) = send(), send()
        dead_letter_all()
        assert [letter.id for letter in replay(ids={first})] == [first]
        [message] = waiting("inventory")
        assert (message.headers["id"], json.loads(message.body)[1]) == (first, about)
        assert [letter.id for letter in list_dead_letters()] == [second]

    def test_replays_all_messages_with_unreadable_ones(self, send, dead_letter_all, waiting):
        send()
        send(headers={}, body=b"\xff")
        dead_letter_all()
        assert len(replay()) == 2
        assert [message.headers.get("task") for message in waiting("inventory")] == [TASK, None]
        assert list_dead_letters() == []


class TestDiscard:
    def test_deletes_the_named_messages(self, send, dead_letter_all, waiting):
        (first, _), (second, _) = send(), send()
        dead_letter_all()
        assert [letter.id for letter in discard({first})] == [first]
        assert [letter.id for letter in list_dead_letters()] == [second]
        assert waiting("inventory") == []


@pytest.mark.parametrize("settle", [lambda ids: replay(ids=ids), discard])
def test_an_unknown_id_is_refused_and_nothing_is_done(send, dead_letter_all, waiting, settle):
    task_id, _ = send()
    dead_letter_all()
    with pytest.raises(NotFound, match="no dead letter has the id other; see: orderx dead list"):
        settle({task_id, "other"})
    assert [letter.id for letter in list_dead_letters()] == [task_id]
    assert waiting("inventory") == []

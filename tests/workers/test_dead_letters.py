"""What is seen of dead letters, and what becomes of them, on a real RabbitMQ."""

import json
from dataclasses import replace
from hashlib import sha256

import pytest
from typer.testing import CliRunner

from kit.errors import Conflict, NotFound
from kit.ids import new_id
from ops.cli import app as cli
from tests.waiting import until
from workers.dead_letters import dead_letters, discard, replay
from workers.messages import messages

TASK = "inventory.reserve_stock"


@pytest.fixture
def send(app, publisher):
    """Sends a task with other headers, or another body, if given; its id and what it is about."""

    def sending(**otherwise):
        task = {"task": TASK, "id": str(new_id()), "kwargs": {"saga_id": str(new_id())}}
        publisher.publish([replace(message, **otherwise) for message in messages(app, "task", task)])
        return task["id"], task["kwargs"]

    return sending


@pytest.fixture
def give_up(app):
    """Has the broker give up on all that waits in `inventory`."""

    def giving_up():
        before = len(dead_letters())
        with app.connection_for_write() as connection, connection.channel() as channel:
            rejected = list(iter(lambda: channel.basic_get("inventory"), None))
            for message in rejected:
                channel.basic_reject(message.delivery_tag, requeue=False)
        until(lambda: len(dead_letters()) == before + len(rejected))

    return giving_up


class TestALetter:
    def test_tells_what_it_is_about_and_why_it_lies_there(self, send, give_up):
        task_id, about = send()
        give_up()
        [letter] = dead_letters()
        assert (letter.id, letter.what, letter.about) == (task_id, TASK, about)
        assert (letter.queue, letter.reason, letter.times) == ("inventory", "rejected", 1)

    @pytest.mark.parametrize("body", [b"[]", b"[[], 5, {}]", b'"text"', b"\xff", b"{}", b""])
    @pytest.mark.parametrize(
        "headers",
        [{}, {"task": TASK}, {"task": TASK, "id": "1"}, {"task": TASK, "id": "1", "compression": "application/x-gzip"}],
    )
    def test_that_cannot_be_read_goes_by_its_digest(self, send, give_up, headers, body):
        send(headers=headers, body=body)
        give_up()
        [letter] = dead_letters()
        assert (letter.id, letter.what, letter.about) == (sha256(body).hexdigest()[:16], "unreadable", {})
        assert letter.queue == "inventory"

    @pytest.mark.parametrize("headers", [{"task": TASK, "id": 1}, {"task": [TASK], "id": "1"}])
    def test_with_a_name_or_an_id_that_is_none_goes_by_its_digest_too(self, send, give_up, headers):
        send(headers=headers)
        give_up()
        [letter] = dead_letters()
        assert letter.what == "unreadable"

    def test_that_somebody_has_published_there_holds_up_no_other(self, app, send, give_up, waiting):
        with app.connection_for_write() as connection, connection.channel() as channel:
            connection.Producer(channel).publish({}, exchange="orderx_dead", routing_key="by.hand", serializer="json")
        until(dead_letters)
        task_id, _ = send()
        give_up()
        stray, letter = dead_letters()
        assert (stray.queue, stray.reason, stray.times, letter.id) == ("dead.letters", "published here", 0, task_id)
        with pytest.raises(Conflict, match=f"{stray.id} came from no queue"):
            replay(ids={stray.id, task_id})
        assert [letter.id for letter in replay()] == [task_id]
        assert len(waiting("inventory")) == 1
        assert [letter.id for letter in discard({stray.id})] == [stray.id]
        assert dead_letters() == []


class TestTheCommand:
    def test_gives_each_letter_a_line(self, send, give_up):
        (task_id, about), _ = send(), send(headers={}, body=b"rubbish")
        give_up()
        assert orderx("dead", "list").splitlines() == [
            f"{task_id}  {TASK} of inventory: rejected, saga_id {about['saga_id']}",
            f"{sha256(b'rubbish').hexdigest()[:16]}  unreadable of inventory: rejected",
            "dead letters: 2",
        ]

    def test_says_what_it_has_done_and_when_nothing_is_left(self, send, give_up):
        task_id, _ = send()
        give_up()
        assert orderx("dead", "replay").splitlines()[-1] == "sent again: 1"
        give_up()
        assert orderx("dead", "discard", task_id).splitlines()[-1] == "discarded: 1"
        assert orderx("dead", "list") == "dead letters: none\n"


def orderx(*words):
    """What the command prints."""
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    return done.output


class TestReplay:
    def test_sends_back_the_letters_that_are_named(self, send, give_up, waiting):
        (first, about), (second, _) = send(), send()
        give_up()
        assert [letter.id for letter in replay(ids={first})] == [first]
        [message] = waiting("inventory")
        assert (message.headers["id"], json.loads(message.body)[1]) == (first, about)
        assert [letter.id for letter in dead_letters()] == [second]

    def test_sends_back_all_of_them_the_unreadable_too(self, send, give_up, waiting):
        send()
        send(headers={}, body=b"\xff")
        give_up()
        assert len(replay()) == 2
        assert [message.headers.get("task") for message in waiting("inventory")] == [TASK, None]
        assert dead_letters() == []


class TestDiscard:
    def test_throws_away_the_letters_that_are_named(self, send, give_up, waiting):
        (first, _), (second, _) = send(), send()
        give_up()
        assert [letter.id for letter in discard({first})] == [first]
        assert [letter.id for letter in dead_letters()] == [second]
        assert waiting("inventory") == []


@pytest.mark.parametrize("settle", [lambda ids: replay(ids=ids), discard])
def test_an_id_that_no_letter_has_is_refused_and_nothing_is_done(send, give_up, waiting, settle):
    task_id, _ = send()
    give_up()
    with pytest.raises(NotFound, match="no dead letter has the id other; see: orderx dead list"):
        settle({task_id, "other"})
    assert [letter.id for letter in dead_letters()] == [task_id]
    assert waiting("inventory") == []

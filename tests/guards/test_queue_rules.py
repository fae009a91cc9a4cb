"""Every task has a queue, every queue has a worker, and every event with a reaction is declared."""

import re

import pytest

from ops.chaos.stack import ChaosStack
from ops.services import rabbitmq
from ops.stack import Stack
from saga.reactions.event_catalogue import catalogue
from saga.reactions.table import REACTIONS
from workers import queues

EVENT = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*")


def bound_by(key: str) -> re.Pattern[str]:
    """The pattern of a topic exchange's binding key: `*` matches one word, `#` any number."""
    return re.compile(re.escape(key).replace(r"\*", r"[^.]+").replace(r"\#", ".*"))


class TestTasks:
    def test_have_a_queue_and_every_task_queue_has_tasks(self, celery):
        names = [name for name in celery.tasks if not name.startswith("celery.")]
        assert {queues.queue_of(name) for name in names} == set(queues.TASK_AREAS)

    def test_are_named_area_dot_verb_noun(self, celery):
        names = [name for name in celery.tasks if not name.startswith("celery.")]
        assert [name for name in names if not EVENT.fullmatch(name)] == []

    def test_are_routed_by_their_name(self, celery):
        for name in celery.tasks:
            if not name.startswith("celery."):
                route = celery.amqp.router.route({}, name)
                assert (route["queue"].name, route["routing_key"]) == (queues.queue_of(name), name)


class TestReactions:
    def test_exist_for_every_event_queue_and_no_other(self):
        assert REACTIONS.keys() == queues.BINDINGS.keys()

    @pytest.mark.parametrize(("queue", "event"), [(queue, event) for queue in REACTIONS for event in REACTIONS[queue]])
    def test_are_to_declared_events_that_reach_the_queue(self, queue, event):
        assert event in catalogue()
        assert any(bound_by(key).fullmatch(event) for key in queues.BINDINGS[queue])


class TestWorkers:
    @pytest.mark.parametrize("kind", [Stack, ChaosStack])
    def test_exist_for_every_queue_of_a_stack(self, tmp_path, monkeypatch, kind):
        monkeypatch.setattr(rabbitmq, "start_script", lambda: tmp_path)  # it is not started here
        stack = kind(tmp_path)
        stack.stop()  # closes its listening sockets
        lines = [process.argv for process in stack.processes if "--queues" in process.argv]
        worked_on = {queue for line in lines for queue in line[line.index("--queues") + 1].split(",")}
        assert worked_on == set(queues.NAMES)


@pytest.mark.parametrize("queue", queues.ALL, ids=lambda queue: queue.name)
class TestQueues:
    def test_lose_nothing(self, queue):
        assert queue.durable
        assert queue.queue_arguments == {
            "x-queue-type": "quorum",
            "x-delivery-limit": queues.DELIVERY_LIMIT,
            "x-dead-letter-exchange": queues.DEAD_LETTER_QUEUE.exchange.name,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }

    def test_are_bound_to_durable_topic_exchanges(self, queue):
        exchanges = [binding.exchange for binding in queue.bindings] or [queue.exchange]
        assert {(exchange.type, exchange.durable) for exchange in exchanges} == {("topic", True)}

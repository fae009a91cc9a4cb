"""All exchanges and queues, with the arguments that make them durable.

Tasks go to one queue per area over `orderx_tasks`. Events go to `ecommerce_exchange`, where each listening area has a
queue (`notification.events`), bound to the routing keys it handles. A message that could not be processed in
DELIVERY_LIMIT deliveries moves to DEAD_LETTER_QUEUE, where an operator can see it and send it again.
"""

import re

from amqp.exceptions import PreconditionFailed
from kombu import Exchange, Queue

from domain import areas
from kit.errors import NotConfigured
from kit.messaging import events
from saga.reactions.table import REACTIONS
from workers import broker

DELIVERY_LIMIT = 20
EVENT_EXCHANGE = Exchange(events.EXCHANGE, type="topic", durable=True)
TASK_EXCHANGE = Exchange("orderx_tasks", type="topic", durable=True)
DEAD_LETTER_EXCHANGE = Exchange("orderx_dead", type="topic", durable=True)
DEAD_LETTER_QUEUE = Queue(
    "dead.letters", DEAD_LETTER_EXCHANGE, routing_key="#", durable=True,
    # Each listing delivers and requeues the messages. With the default limit RabbitMQ 4 drops them at the 21st listing.
    queue_arguments={"x-queue-type": "quorum", "x-delivery-limit": 1_000_000},
)  # fmt: skip

_QUEUE_ARGUMENTS = {
    "x-queue-type": "quorum",
    "x-delivery-limit": DELIVERY_LIMIT,
    "x-dead-letter-exchange": DEAD_LETTER_EXCHANGE.name,
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",  # at-least-once dead-lettering needs it
}

LOW_PRIORITY_AREAS = ("notifications", "background")
"""The areas whose tasks delay no order: mails, runs of schedules, and slices of jobs."""
_WITH_TASKS = {*areas.with_module("saga.steps"), *areas.with_module("workers.tasks")}
TASK_AREAS = ("saga", *sorted(_WITH_TASKS - set(LOW_PRIORITY_AREAS)), *LOW_PRIORITY_AREAS)
"""The areas with a task queue: those with steps (`saga/steps/<area>`) or tasks (`workers/tasks/<area>.py`)."""

BINDINGS = {consumer: tuple(by_type) for consumer, by_type in REACTIONS.items()}
"""The event types that each event queue receives: those with a reaction (saga/reactions)."""

TASK_QUEUES = tuple(
    Queue(area, TASK_EXCHANGE, routing_key=f"{area}.#", durable=True, queue_arguments=_QUEUE_ARGUMENTS)
    for area in TASK_AREAS
)

EVENT_QUEUES = tuple(
    Queue(
        name, EVENT_EXCHANGE, routing_key=keys[0], durable=True, queue_arguments=_QUEUE_ARGUMENTS,
        bindings=[EVENT_EXCHANGE.binding(key) for key in keys],
    )
    for name, keys in BINDINGS.items()
)  # fmt: skip

ALL = (*TASK_QUEUES, *EVENT_QUEUES)
NAMES = tuple(queue.name for queue in ALL)

LOW_PRIORITY_QUEUES = (*LOW_PRIORITY_AREAS, *BINDINGS)
"""The queues that delay no order: mails, runs of schedules, slices of jobs, and reactions to events."""
ORDER_QUEUES = tuple(name for name in NAMES if name not in LOW_PRIORITY_QUEUES)
"""The queues of the tasks that place, pay and cancel orders."""


def queue_of(task: str) -> str:
    """The name of a task's queue, which is its area: `inventory` for `inventory.reserve_stock`."""
    return task.partition(".")[0]


class TopologyMismatch(NotConfigured):
    """The broker has one of these queues or exchanges with other arguments."""

    code = "topology_mismatch"


def declare(channel: broker.Channel) -> None:
    """Declare all queues, exchanges and bindings; raises TopologyMismatch when one exists with other arguments."""
    for queue in (DEAD_LETTER_QUEUE, *ALL):
        try:
            queue(channel).declare()
        except PreconditionFailed as difference:
            raise _topology_mismatch(difference.reply_text) from difference


def _topology_mismatch(reply: str) -> TopologyMismatch:
    """From `PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'saga' in vhost '/': received …`."""
    name = re.search(r"(queue|exchange) '[^']+'", reply)
    return TopologyMismatch(
        f"the broker's {name[0] if name else 'topology'} has other arguments than OrderX declares: {reply}. "
        "Let the workers empty it, delete it, and start again: OrderX then declares it again"
    )

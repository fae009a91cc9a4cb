"""The one list of exchanges and queues, and the arguments that make them lose nothing.

Tasks go to one queue per area on `orderx_tasks`; events go to `ecommerce_exchange`, where every area that listens has
its own queue (`notification.events`), bound to the routing keys it cares for. What cannot be delivered after
DELIVERY_LIMIT tries lands in DEAD_LETTERS, where an operator can see it and send it again.
"""

import re

from amqp.exceptions import PreconditionFailed
from kombu import Exchange, Queue
from kombu.transport.base import StdChannel

from kit.errors import NotConfigured

DELIVERY_LIMIT = 20
EVENTS = Exchange("ecommerce_exchange", type="topic", durable=True)
TASKS = Exchange("orderx_tasks", type="topic", durable=True)
DEAD = Exchange("orderx_dead", type="topic", durable=True)
DEAD_LETTERS = Queue(
    "dead.letters", DEAD, routing_key="#", durable=True,
    # No limit to how often an operator may look at them: RabbitMQ 4 would drop them at the 21st time.
    queue_arguments={"x-queue-type": "quorum", "x-delivery-limit": 1_000_000},
)  # fmt: skip

_SAFE = {
    "x-queue-type": "quorum",
    "x-delivery-limit": DELIVERY_LIMIT,
    "x-dead-letter-exchange": DEAD.name,
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",  # at-least-once dead-lettering needs it
}

UNHURRIED = "notifications"
"""The area whose tasks no order waits for: mails."""
TASK_AREAS = ("saga", "inventory", "payments", UNHURRIED)

BINDINGS: dict[str, tuple[str, ...]] = {
    "notification.events": ("order.created", "order.failed", "order.cancelled"),
}
"""Which events each listening area hears: those that it does something about (workers/reactions.py)."""

TASK_QUEUES = tuple(
    Queue(area, TASKS, routing_key=f"{area}.#", durable=True, queue_arguments=_SAFE) for area in TASK_AREAS
)

EVENT_QUEUES = tuple(
    Queue(
        name, EVENTS, routing_key=keys[0], durable=True, queue_arguments=_SAFE,
        bindings=[EVENTS.binding(key) for key in keys],
    )
    for name, keys in BINDINGS.items()
)  # fmt: skip

ALL = (*TASK_QUEUES, *EVENT_QUEUES)
NAMES = tuple(queue.name for queue in ALL)

UNHURRIED_QUEUES = (UNHURRIED, *BINDINGS)
"""What no order waits for: mails, and reactions to what has happened."""
ORDER_QUEUES = tuple(name for name in NAMES if name not in UNHURRIED_QUEUES)
"""What an order waits for."""


def queue_of(task: str) -> str:
    """The queue of a task, from its name: `inventory.reserve_stock` waits in `inventory`."""
    return task.partition(".")[0]


class OtherThanDeclared(NotConfigured):
    """The broker has a queue or an exchange of ours that is not as it must be."""

    code = "other_than_declared"


def declare(channel: StdChannel) -> None:
    """Make sure that everything above exists; raises OtherThanDeclared when the broker has any of it differently."""
    for queue in (DEAD_LETTERS, *ALL):
        try:
            queue(channel).declare()
        except PreconditionFailed as difference:
            raise _other_than_declared(difference.reply_text) from difference


def _other_than_declared(reply: str) -> OtherThanDeclared:
    """From `PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'saga' in vhost '/': received …`."""
    what = re.search(r"(queue|exchange) '[^']+'", reply)
    return OtherThanDeclared(
        f"the broker's {what[0] if what else 'topology'} is not as it must be to lose nothing: {reply}. "
        "Have it worked off, delete it, and start again: it is then declared anew"
    )

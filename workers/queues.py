"""The one list of exchanges and queues, and the arguments that make them lose nothing.

Tasks go to one queue per area on `orderx_tasks`; events go to `ecommerce_exchange`, where every area that listens has
its own queue (`notification.events`), bound to the routing keys it cares for. What cannot be delivered after
DELIVERY_LIMIT tries lands in DEAD_LETTERS, where an operator can see it and send it again.
"""

from kombu import Exchange, Queue
from kombu.transport.base import StdChannel

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

TASK_AREAS = ("saga", "inventory", "payments", "notifications")

BINDINGS: dict[str, tuple[str, ...]] = {
    "notification.events": ("order.*",),
}
"""Which events each listening area hears."""

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


def queue_of(task: str) -> str:
    """The queue of a task, from its name: `inventory.reserve_stock` waits in `inventory`."""
    return task.partition(".")[0]


def declare(channel: StdChannel) -> None:
    """Make sure that everything above exists."""
    for queue in (DEAD_LETTERS, *ALL):
        queue(channel).declare()

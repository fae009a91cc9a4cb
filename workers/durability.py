"""What RabbitMQ must be so that no message is lost, and the check of PostgreSQL at the start of a process.

RABBITMQ_REQUIREMENTS lists what workers/queues.py declares and workers/outbox/publisher.py does. RabbitMQ itself checks
the queues: it refuses to declare one that exists with other arguments (queues.TopologyMismatch).
"""

import psycopg
import structlog

from kit.config import settings
from kit.db.durability import Requirement, violations
from kit.errors import NotConfigured

RABBITMQ_REQUIREMENTS = (
    Requirement("x-queue-type", ("quorum",), "a confirmed message is on the disks of most nodes"),
    Requirement(
        "x-delivery-limit", ("20",), "a message that kills its worker is dead-lettered before it has killed all workers"
    ),
    Requirement("x-dead-letter-exchange", ("orderx_dead",), "a dead-lettered message waits for an operator"),
    Requirement(
        "x-dead-letter-strategy",
        ("at-least-once",),
        "dead-lettering loses no message, even if the broker dies meanwhile",
    ),
    Requirement("x-overflow", ("reject-publish",), "a full queue refuses new messages instead of dropping old ones"),
    Requirement("durable exchanges", ("true",), "messages are still routed after a restart of the broker"),
    Requirement("delivery_mode", ("2",), "a message is written to disk, not only kept in memory"),
    Requirement("confirm.select", ("on",), "an outbox row is deleted only once the broker has confirmed its messages"),
)

log = structlog.get_logger()


class NotDurable(NotConfigured):
    """PostgreSQL may lose committed transactions."""

    code = "not_durable"


def require_durable(*database_settings: str) -> None:
    """Raise NotDurable when a database that one of these settings names may lose committed transactions.

    A database that does not answer is skipped: the process starts and waits for it, and /readyz repeats the check.
    """
    if settings().durability == "relaxed":
        return
    for name in database_settings:
        try:
            violated = violations(settings().require(name), replicated=settings().durability == "replicated")
        except psycopg.OperationalError as error:
            log.warning("durability not checked: the database does not answer", reason=str(error).strip())
            continue
        if violated:
            raise NotDurable(
                f"PostgreSQL may lose confirmed orders: {', '.join(violated)}. Set it as docs/operations.md says "
                f"(postgresql.conf, ALTER SYSTEM, ALTER ROLE), or ORDERX_DURABILITY=relaxed where orders may be lost"
            )

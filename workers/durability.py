"""What RabbitMQ must be so that a message is not lost, and no start on servers that forget.

RABBITMQ is what workers/queues.py declares and workers/publisher.py does. The broker itself holds us to it: it refuses
to declare a queue that it has with other arguments (queues.OtherThanDeclared).
"""

import psycopg
import structlog

from kit.config import settings
from kit.db.durability import Requirement, violations
from kit.errors import NotConfigured

RABBITMQ = (
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


class Forgetful(NotConfigured):
    """PostgreSQL may lose what it has confirmed."""

    code = "forgetful"


def demand(*database_settings: str) -> None:
    """Raise Forgetful when the database that one of these settings names may lose what it has confirmed.

    One that does not answer cannot be asked: the process starts and waits for it, and /readyz goes on asking.
    """
    if settings().durability == "relaxed":
        return
    for name in database_settings:
        try:
            violated = violations(settings().require(name), replicated=settings().durability == "replicated")
        except psycopg.OperationalError as gone:
            log.warning("durability not checked: the database does not answer", reason=str(gone).strip())
            continue
        if violated:
            raise Forgetful(
                f"PostgreSQL may lose confirmed orders: {', '.join(violated)}. Set it as docs/operations.md says "
                f"(postgresql.conf, ALTER SYSTEM, ALTER ROLE), or ORDERX_DURABILITY=relaxed where orders may be lost"
            )

"""What RabbitMQ must be so that a message is not lost, and no start on servers that forget.

RABBITMQ is what workers/queues.py declares and workers/publisher.py does. The broker itself holds us to it: it refuses
to declare a queue that it has with other arguments (queues.OtherThanDeclared).
"""

import psycopg
import structlog

from kit.config import settings
from kit.durability import Need, weaknesses
from kit.errors import NotConfigured

RABBITMQ = (
    Need("x-queue-type", ("quorum",), "a confirmed message is on the disks of most nodes"),
    Need("x-delivery-limit", ("20",), "a message that kills its worker is given up before it has killed them all"),
    Need("x-dead-letter-exchange", ("orderx_dead",), "what is given up waits for an operator"),
    Need("x-dead-letter-strategy", ("at-least-once",), "it does so even if the broker dies while it moves"),
    Need("x-overflow", ("reject-publish",), "a full queue refuses the new instead of dropping the old"),
    Need("durable exchanges", ("true",), "a restart leaves no message without its way"),
    Need("delivery_mode", ("2",), "a message is written to disk, not held in memory"),
    Need("confirm.select", ("on",), "an outbox row is deleted only once the broker has its messages"),
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
            weak = weaknesses(settings().need(name), replicated=settings().durability == "replicated")
        except psycopg.OperationalError as gone:
            log.warning("durability not checked: the database does not answer", reason=str(gone).strip())
            continue
        if weak:
            raise Forgetful(
                f"PostgreSQL may lose confirmed orders: {', '.join(weak)}. Set it as docs/operations.md says "
                f"(postgresql.conf, ALTER SYSTEM, ALTER ROLE), or ORDERX_DURABILITY=relaxed where orders may be lost"
            )

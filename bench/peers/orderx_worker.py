"""A worker of OrderX for the *engine* workload: the product's own, but that nothing outside of it is called.

    python -m bench.peers.orderx_worker saga,inventory,payments worker-1 solo 1

The saga's engine, its journal, the outbox, the relay and RabbitMQ are as ever. Only the two ports to the outside world
answer in this process: the payment is then the rows that the step writes about the answer, and a mail its row.
"""

import sys
from typing import Any
from uuid import UUID

from bench.workload import PRICE
from domain.notifications import mailer
from domain.notifications.mailer import Message
from domain.payments import stripe_gateway
from domain.payments.gateway import Answer
from workers import run


class AgreeableGateway:
    """What orders need of the Gateway port, out of stock or not; says yes at once."""

    def __init__(self, **_settings: Any) -> None:
        pass

    def authorise(self, *, amount: int, currency: str, method: str, order_id: UUID, key: str) -> Answer:  # noqa: ARG002
        """Held."""
        return Answer("authorised", f"row_{order_id}", amount)

    def capture(self, *, ref: str, key: str) -> Answer:  # noqa: ARG002
        """Taken."""
        return Answer("captured", ref, PRICE)

    def void(self, *, ref: str, key: str) -> Answer:  # noqa: ARG002
        """Let go of."""
        return Answer("voided", ref, 0)


class SwallowingMailer:
    """The Mailer port; takes every mail and says so at once."""

    def __init__(self, _url: str) -> None:
        pass

    def send(self, message: Message) -> None:
        """Taken."""


def main() -> None:
    """Become the worker."""
    queues, name, pool, concurrency = sys.argv[1:]
    # What the product's factories make; there is no setting for this, and there shall be none.
    stripe_gateway.StripeGateway = AgreeableGateway  # type: ignore[assignment,misc]
    mailer.SmtpMailer = SwallowingMailer  # type: ignore[assignment,misc]
    run.worker(queues.split(","), pool=pool, concurrency=int(concurrency), name=name)


if __name__ == "__main__":
    main()

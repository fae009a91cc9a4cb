"""A worker of OrderX for the *engine* workload: the product's worker without external calls.

    python -m bench.peers.orderx_worker saga,inventory,payments worker-1 solo 1

The saga engine, its journal, the outbox, the relay and RabbitMQ are those of the product. The ports for payments and
mails are replaced by objects that answer immediately, so a payment and a mail are just the rows that record them.
"""
# ruff: noqa: ARG002 - the ports name the arguments

import sys
from typing import Any
from uuid import UUID

from bench.workload import PRICE
from domain.notifications import mailer
from domain.notifications.mailer import Message
from domain.payments import stripe_gateway
from domain.payments.gateway import Answer
from kit.money import Money
from workers import run


class InstantGateway:
    """The part of the Gateway port that orders use; every call succeeds immediately."""

    def __init__(self, **_settings: Any) -> None:
        pass

    def authorise(
        self, *, amount: int, currency: str, method: str, order_id: UUID, key: str, payment_id: UUID | None = None
    ) -> Answer:
        """Authorised."""
        return Answer("authorised", f"row_{order_id}", amount)

    def capture(self, *, ref: str, key: str, amount: Money | None = None) -> Answer:
        """Accepted."""
        return Answer("captured", ref, PRICE)

    def void(self, *, ref: str, key: str) -> Answer:
        """Voided."""
        return Answer("voided", ref, 0)


class InstantMailer:
    """The Mailer port; every mail is accepted immediately."""

    def __init__(self, _url: str) -> None:
        pass

    def send(self, message: Message) -> None:
        """Accepted."""


def main() -> None:
    """Run the worker."""
    queues, name, pool, concurrency = sys.argv[1:]
    # Replaces the classes that the product's factories instantiate; deliberately not a setting of the product.
    stripe_gateway.StripeGateway = InstantGateway  # type: ignore[assignment,misc]
    mailer.SmtpMailer = InstantMailer  # type: ignore[assignment,misc]
    run.run_worker(queues.split(","), pool=pool, concurrency=int(concurrency), name=name)


if __name__ == "__main__":
    main()

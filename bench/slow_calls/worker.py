"""A worker of the *engine* workload whose payment provider takes its time: `pm_8.0` is answered after 8 seconds."""

import sys
import time
from typing import Any
from uuid import UUID

from bench.peers.orderx_worker import InstantGateway, InstantMailer
from bench.workload import PRICE
from domain.notifications import mailer
from domain.payments import stripe_gateway
from domain.payments.gateway import Answer
from workers import run


class SlowGateway(InstantGateway):
    """Takes the seconds that the payment method names, for both calls of an order."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._seconds: dict[str, float] = {}

    def authorise(self, *, amount: int, currency: str, method: str, order_id: UUID, key: str) -> Answer:
        """Authorised."""
        seconds = float(method.removeprefix("pm_"))
        time.sleep(seconds)
        answer = super().authorise(amount=amount, currency=currency, method=method, order_id=order_id, key=key)
        return Answer("authorised", f"{answer.ref}:{seconds}", amount)

    def capture(self, *, ref: str, key: str) -> Answer:  # noqa: ARG002
        """Captured."""
        time.sleep(float(ref.rpartition(":")[2]))
        return Answer("captured", ref, PRICE)


def main() -> None:
    """Run the worker."""
    queues, name = sys.argv[1:]
    stripe_gateway.StripeGateway = SlowGateway  # type: ignore[assignment,misc]
    mailer.SmtpMailer = InstantMailer  # type: ignore[assignment,misc]
    run.run_worker(queues.split(","), name=name)


if __name__ == "__main__":
    main()

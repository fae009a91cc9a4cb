"""A worker of the *engine* workload whose payment provider takes its time: `pm_8.0` is answered after 8 seconds."""

import sys
import time
from dataclasses import replace
from typing import Any

from bench.peers.orderx_worker import InstantGateway, InstantMailer
from domain.notifications import mailer
from domain.payments import stripe_gateway
from domain.payments.gateway import Answer
from workers import run


class SlowGateway(InstantGateway):
    """Takes the seconds that the payment method names, for both calls of an order."""

    def authorise(self, *, method: str, **request: Any) -> Answer:
        """Authorised."""
        seconds = float(method.removeprefix("pm_"))
        time.sleep(seconds)
        answer = super().authorise(method=method, **request)
        return replace(answer, ref=f"{answer.ref}:{seconds}")

    def capture(self, *, ref: str, **request: Any) -> Answer:
        """Captured."""
        time.sleep(float(ref.rpartition(":")[2]))
        return super().capture(ref=ref, **request)


def main() -> None:
    """Run the worker."""
    queues, name = sys.argv[1:]
    stripe_gateway.StripeGateway = SlowGateway  # type: ignore[assignment,misc]
    mailer.SmtpMailer = InstantMailer  # type: ignore[assignment,misc]
    run.run_worker(queues.split(","), name=name)


if __name__ == "__main__":
    main()

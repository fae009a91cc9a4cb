"""Clients of the payment provider (its SDK) and the mail server (smtplib) for the peers of the *full* workload.

In the *engine* workload no external service is called, and the payment is a row.
"""

import os
import smtplib
import threading
from email.message import EmailMessage
from functools import cache
from typing import Protocol
from urllib.parse import urlsplit

import stripe

from bench.workload import CARD, PRICE


class ExternalClients(Protocol):
    """The external services: payment provider and mail server."""

    real: bool

    def authorise(self, order: str) -> str:
        """Authorise the order's price on the card. Returns the provider's payment id."""

    def capture(self, ref: str) -> None:
        """Capture the authorised payment."""

    def mail(self, recipient: str, subject: str, order: str) -> None:
        """Send a mail."""


class NoExternalCalls:
    """The *engine* workload: no external calls."""

    real = False

    def authorise(self, order: str) -> str:
        """Return a payment id for the row."""
        return f"row_{order}"

    def capture(self, ref: str) -> None:
        """Do nothing."""

    def mail(self, recipient: str, subject: str, order: str) -> None:
        """Do nothing."""


class SandboxClients:
    """The sandbox gateway and the mail inbox, over persistent connections."""

    real = True

    def __init__(self) -> None:
        stripe.enable_telemetry = False
        self._stripe = stripe.StripeClient(
            os.environ["ORDERX_PAYMENT_API_KEY"],
            base_addresses={"api": os.environ["ORDERX_PAYMENT_API_BASE"]},
            max_network_retries=0,
        )
        self._thread = threading.local()

    def authorise(self, order: str) -> str:
        """Authorise with manual capture, as OrderX does."""
        request: stripe.params.PaymentIntentCreateParams = {
            "amount": PRICE,
            "currency": "eur",
            "payment_method": CARD,
            "allowed_payment_method_types": ["card"],
            "capture_method": "manual",
            "confirm": True,
            "error_on_requires_action": True,
            "metadata": {"order_id": order},
        }
        return self._stripe.v1.payment_intents.create(request, {"idempotency_key": f"{order}:authorise"}).id

    def capture(self, ref: str) -> None:
        """Capture it."""
        self._stripe.v1.payment_intents.capture(ref, options={"idempotency_key": f"{ref}:capture"})

    def mail(self, recipient: str, subject: str, order: str) -> None:
        """Send a short mail."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "orders@orderx.example", recipient, subject
        message.set_content(f"{subject}: {order}, one dotted notebook, EUR 19.99.")
        connection = self._thread.__dict__.get("connection")
        if connection is None:
            url = urlsplit(os.environ["ORDERX_SMTP_URL"])
            connection = self._thread.connection = smtplib.SMTP(url.hostname or "", url.port or 25)
        connection.send_message(message)


@cache
def external_clients() -> ExternalClients:
    """The clients that BENCH_OUTSIDE selects."""
    return SandboxClients() if os.environ.get("BENCH_OUTSIDE") == "real" else NoExternalCalls()

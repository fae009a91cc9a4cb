"""Stripe as the payment provider: PaymentIntents, held at first (manual capture) and taken later.

What its calls mean and answer: https://docs.stripe.com/api/payment_intents, /api/errors and /api/idempotent_requests.
"""

import logging
import os
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from uuid import UUID

import stripe
from stripe.params import PaymentIntentCreateParams, PaymentIntentListParams

from domain.payments.errors import UnknownPayment
from domain.payments.gateway import Answer, Card, Gateway, Token
from domain.payments.stripe_amounts import from_stripe, to_stripe
from domain.payments.stripe_answers import card_of, declined, or_unavailable, refused_card, standing
from domain.payments.stripe_http import PooledClient
from kit.config import settings

# The SDK logs what it sends, card numbers included. It shall not even put it into words, which takes it long, too.
logging.getLogger("stripe").setLevel(logging.WARNING)
stripe._util.STRIPE_LOG = None  # noqa: SLF001
stripe._util.logfmt = lambda _: ""  # noqa: SLF001
stripe.enable_telemetry = False


class StripeGateway:
    """The Gateway port over Stripe's API, or over whatever speaks like it at `base`; `timeout` is in seconds.

    The SDK does not retry: whoever calls asks again with the same key.
    """

    def __init__(self, *, base: str, api_key: str, timeout: float) -> None:
        client = stripe.StripeClient(
            api_key,
            base_addresses={"api": base.rstrip("/")},
            max_network_retries=0,
            http_client=PooledClient(base=base, timeout=timeout),
        )
        self._intents = client.v1.payment_intents
        self._methods = client.v1.payment_methods
        self._refunds = client.v1.refunds

    def tokenise(self, card: Card) -> Token:
        """Exchange a card for a `pm_…` token; raises CardRefused, which names the field but never its value."""
        try:
            with or_unavailable():
                made = self._methods.create(
                    {
                        "type": "card",
                        "card": {
                            "number": card.digits,
                            "exp_month": card.exp_month,
                            "exp_year": card.exp_year,
                            "cvc": card.cvc,
                        },
                    }
                )
        except (stripe.CardError, stripe.InvalidRequestError) as error:
            raise refused_card(error) from None
        return Token(made.id, card_of(made))

    def authorise(self, *, amount: int, currency: str, method: str, order_id: UUID, key: str) -> Answer:
        """Hold `amount` minor units on the method: authorised, or declined with the issuer's or Stripe's code.

        A method or amount that Stripe does not accept is declined as `invalid_payment_method`, `invalid_amount` or
        `invalid_currency`.
        """
        units = to_stripe(amount, currency)
        if units is None:
            return Answer("declined", "", 0, "invalid_amount", f"Stripe cannot take {amount} of {currency}.")
        request: PaymentIntentCreateParams = {
            "amount": units,
            "currency": currency.lower(),
            "payment_method": method,
            "allowed_payment_method_types": ["card"],
            "capture_method": "manual",
            "confirm": True,
            "error_on_requires_action": True,
            "metadata": {"order_id": str(order_id)},
        }
        try:
            with or_unavailable():
                return standing(self._intents.create(request, {"idempotency_key": key}))
        except stripe.CardError as error:
            return declined(error)
        except stripe.InvalidRequestError as error:
            about = error.param if error.param in ("amount", "currency") else "payment_method"
            return Answer("declined", "", 0, f"invalid_{about}", error.user_message)

    def capture(self, *, ref: str, key: str) -> Answer:
        """Take the held amount: captured, or declined with `authorisation_gone` when there is no hold any more."""
        try:
            with or_unavailable():
                return standing(self._intents.capture(ref, options={"idempotency_key": key}))
        except stripe.CardError as error:
            return declined(error)
        except stripe.InvalidRequestError as error:
            gone = Answer("declined", ref, 0, "authorisation_gone", error.user_message)
        try:
            now = self.look_up(ref=ref)
        except UnknownPayment:
            return gone
        return now if now.outcome == "captured" else gone

    def void(self, *, ref: str, key: str) -> Answer:
        """Let go of a hold: voided, also when it had been already; captured or refunded when it is too late."""
        try:
            with or_unavailable():
                return standing(self._intents.cancel(ref, options={"idempotency_key": key}))
        except stripe.InvalidRequestError:
            return self.look_up(ref=ref)

    def refund(self, *, ref: str, key: str) -> Answer:
        """Give the captured amount back: refunded; where nothing was captured, what the payment is instead."""
        try:
            with or_unavailable():
                refund = self._refunds.create({"payment_intent": ref}, {"idempotency_key": key})
        except stripe.InvalidRequestError:
            return self.look_up(ref=ref)
        if refund.status in ("succeeded", "pending"):
            return Answer("refunded", ref, from_stripe(refund.amount, refund.currency))
        return Answer("declined", ref, 0, refund.failure_reason or "refund_failed")

    def look_up(self, *, ref: str) -> Answer:
        """What the payment is now."""
        try:
            with or_unavailable():
                return standing(self._intents.retrieve(ref, {"expand": ["latest_charge"]}))
        except stripe.InvalidRequestError:
            raise UnknownPayment(ref=ref) from None

    def payments_of(self, *, order_id: UUID) -> list[Answer]:
        """The payments made for the order, the newest first; Stripe's search hears of new ones within a minute."""
        query = f"metadata['order_id']:'{order_id}'"
        with or_unavailable():
            found = self._intents.search({"query": query, "limit": 100, "expand": ["data.latest_charge"]})
            return [standing(intent) for intent in found.data]

    def every_payment(self, *, since: datetime | None = None) -> Iterator[tuple[UUID, Answer]]:
        """All payments made for orders, the newest first; others in the same Stripe account are passed over."""
        wanted: PaymentIntentListParams = {"limit": 100, "expand": ["data.latest_charge"]}
        if since is not None:
            wanted["created"] = {"gte": int(since.timestamp())}
        with or_unavailable():
            page = self._intents.list(wanted)
            for intent in page.auto_paging_iter():
                order_id = _order_of(intent)
                if order_id:
                    yield order_id, standing(intent)


def _order_of(intent: stripe.PaymentIntent) -> UUID | None:
    try:
        return UUID(intent.metadata["order_id"])
    except (KeyError, ValueError):
        return None


@cache
def gateway() -> Gateway:
    """The payment provider named by the settings; raises NotConfigured, naming the setting that is missing."""
    config = settings()
    return StripeGateway(
        base=config.payment_api_base,
        api_key=config.require("payment_api_key"),
        timeout=config.payment_timeout,
    )


os.register_at_fork(after_in_child=gateway.cache_clear)  # two processes must not talk over one connection

"""Stripe as the payment provider: PaymentIntents that are authorised first (manual capture) and captured later.

Reference: https://docs.stripe.com/api/payment_intents, /api/errors and /api/idempotent_requests.
"""

import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache
from uuid import UUID

import stripe
from stripe.params import (
    PaymentIntentCaptureParams,
    PaymentIntentCreateParams,
    PaymentIntentListParams,
    RefundCreateParams,
)

from domain.payments.errors import ProviderPaymentNotFound
from domain.payments.gateway import Answer, Card, Gateway, Token
from domain.payments.stripe_amounts import to_stripe
from domain.payments.stripe_http import PooledClient
from domain.payments.stripe_mapping import (
    amount_refunded,
    card_fingerprint,
    id_in_metadata,
    mapped_errors,
    to_answer,
    to_card_refused,
    to_decline,
    to_refund,
)
from kit.config import settings
from kit.errors import Invalid
from kit.money import Money

# The SDK logs its requests, including card numbers. Its formatting of log lines is turned off as well: it is slow.
logging.getLogger("stripe").setLevel(logging.WARNING)
stripe._util.STRIPE_LOG = None  # noqa: SLF001
stripe._util.logfmt = lambda _: ""  # noqa: SLF001
stripe.enable_telemetry = False


class StripeGateway:
    """The Gateway interface for Stripe's API, or a compatible one, at `base`; `timeout` is in seconds.

    It keeps up to `connections` to the server open.

    The SDK does not retry: callers retry with the same idempotency key.
    """

    def __init__(self, *, base: str, api_key: str, timeout: float, connections: int = 1) -> None:
        client = stripe.StripeClient(
            api_key,
            base_addresses={"api": base.rstrip("/")},
            max_network_retries=0,
            http_client=PooledClient(base=base, timeout=timeout, connections=connections),
        )
        self._intents = client.v1.payment_intents
        self._methods = client.v1.payment_methods
        self._refunds = client.v1.refunds

    def tokenise(self, card: Card) -> Token:
        """Exchange a card for a `pm_…` token; raises CardRefused with the field, but never its value."""
        try:
            with mapped_errors():
                created = self._methods.create(
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
            raise to_card_refused(error) from None
        return Token(created.id, card_fingerprint(created))

    def authorise(
        self, *, amount: int, currency: str, method: str, order_id: UUID, key: str, payment_id: UUID | None = None
    ) -> Answer:
        """Authorise `amount` minor units: authorised, or declined with the issuer's or Stripe's code.

        A method or amount that Stripe does not accept is declined with the code `invalid_payment_method`,
        `invalid_amount` or `invalid_currency`.
        """
        units = to_stripe(amount, currency)
        if units is None:
            return Answer(
                "declined", "", 0, "invalid_amount", f"Stripe cannot charge {amount} minor units of {currency}."
            )
        request: PaymentIntentCreateParams = {
            "amount": units,
            "currency": currency.lower(),
            "payment_method": method,
            "allowed_payment_method_types": ["card"],
            "capture_method": "manual",
            "confirm": True,
            "error_on_requires_action": True,
            "metadata": {"order_id": str(order_id), **({"payment_id": str(payment_id)} if payment_id else {})},
        }
        try:
            with mapped_errors():
                return to_answer(self._intents.create(request, {"idempotency_key": key}))
        except stripe.CardError as error:
            return to_decline(error)
        except stripe.InvalidRequestError as error:
            field = error.param if error.param in ("amount", "currency") else "payment_method"
            return Answer("declined", "", 0, f"invalid_{field}", error.user_message)

    def capture(self, *, ref: str, key: str, amount: Money | None = None) -> Answer:
        """Capture the authorised amount, or `amount` of it: Stripe releases the rest."""
        request: PaymentIntentCaptureParams = {} if amount is None else {"amount_to_capture": _units(amount)}
        try:
            with mapped_errors():
                return to_answer(self._intents.capture(ref, request, {"idempotency_key": key}))
        except stripe.CardError as error:
            return to_decline(error)
        except stripe.InvalidRequestError as error:
            expired = Answer("declined", ref, 0, "authorisation_gone", error.user_message)
        try:
            current = self.look_up(ref=ref)
        except ProviderPaymentNotFound:
            return expired
        return current if current.outcome == "captured" else expired

    def void(self, *, ref: str, key: str) -> Answer:
        """Void an authorisation: voided, also if repeated. A captured payment stays: captured or refunded."""
        try:
            with mapped_errors():
                return to_answer(self._intents.cancel(ref, options={"idempotency_key": key}))
        except stripe.InvalidRequestError:
            return self.look_up(ref=ref)

    def refund(self, *, ref: str, key: str, amount: Money | None = None, refund_id: UUID | None = None) -> Answer:
        """Refund what is left, or `amount` of it: refunded, or the payment's state if Stripe refuses that."""
        request: RefundCreateParams = {"payment_intent": ref}
        if amount is not None:
            request["amount"] = _units(amount)
        if refund_id is not None:
            request["metadata"] = {"refund_id": str(refund_id)}
        try:
            with mapped_errors():
                refund = self._refunds.create(request, {"idempotency_key": key})
        except stripe.InvalidRequestError:
            return self.look_up(ref=ref)
        if refund.status in ("succeeded", "pending"):
            made = to_refund(refund)
            return Answer("refunded", ref, made.amount, refunds=(made,))
        return Answer("declined", ref, 0, refund.failure_reason or "refund_failed")

    def look_up(self, *, ref: str) -> Answer:
        """Return the state of a payment and its refunds. Raises ProviderPaymentNotFound for an unknown `ref`."""
        try:
            with mapped_errors():
                intent = self._intents.retrieve(ref, {"expand": ["latest_charge"]})
                answer = to_answer(intent)
                if not amount_refunded(intent):
                    return answer
                page = self._refunds.list({"payment_intent": ref, "limit": 100})
                made = [to_refund(refund) for refund in page.auto_paging_iter() if refund.status != "failed"]
        except stripe.InvalidRequestError:
            raise ProviderPaymentNotFound(ref=ref) from None
        return replace(answer, refunds=tuple(made))

    def payments_of(self, *, order_id: UUID) -> list[Answer]:
        """List the order's payments, the newest first. Stripe's search finds new ones within a minute."""
        query = f"metadata['order_id']:'{order_id}'"
        with mapped_errors():
            result = self._intents.search({"query": query, "limit": 100, "expand": ["data.latest_charge"]})
            return [to_answer(intent) for intent in result.data]

    def every_payment(self, *, since: datetime | None = None) -> Iterator[tuple[UUID, Answer]]:
        """Iterate over all payments of orders, the newest first. Other payments of the Stripe account are skipped."""
        params: PaymentIntentListParams = {"limit": 100, "expand": ["data.latest_charge"]}
        if since is not None:
            params["created"] = {"gte": int(since.timestamp())}
        with mapped_errors():
            page = self._intents.list(params)
            for intent in page.auto_paging_iter():
                order_id = id_in_metadata(intent, "order_id")
                if order_id:
                    yield order_id, to_answer(intent)


def _units(amount: Money) -> int:
    units = to_stripe(amount.amount, amount.currency)
    if units is None:
        raise Invalid(f"Stripe cannot transfer {amount}.")
    return units


@cache
def gateway() -> Gateway:
    """Return the payment provider from the settings; raises NotConfigured with the name of a missing setting."""
    config = settings()
    return StripeGateway(
        base=config.payment_api_base,
        api_key=config.require("payment_api_key"),
        timeout=config.payment_timeout,
        connections=config.calls_per_account,
    )


os.register_at_fork(after_in_child=gateway.cache_clear)  # two processes must not share a connection

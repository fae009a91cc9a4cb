"""What can go wrong with a payment, beyond a provider that does not answer (gateway.ProviderUnavailable)."""

from datetime import timedelta

from kit.errors import Conflict, Invalid, NotFound, TooManyRequests


class CardRefused(Invalid):
    """The payment provider will not take this card; `fields` names what is wrong with it."""

    code = "card_refused"


class UnknownPayment(NotFound):
    """The payment provider knows no such payment: is this its account, and its mode (test or live)?"""

    code = "unknown_payment"


class KeyReused(Conflict):
    """The idempotency key was used before, for another request to the payment provider."""

    code = "idempotency_key_reused"


class PaymentNotFound(NotFound):
    """There is no payment for this order."""

    code = "payment_not_found"


class TooManyDeclines(TooManyRequests):
    """Too many payments were declined within ten minutes."""

    code = "too_many_declines"

    def __init__(self, *, wait: timedelta) -> None:
        super().__init__(wait=wait)
        self.message = f"Too many payments were declined: wait for {self.seconds} s before you order again."

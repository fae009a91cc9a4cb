"""Errors of payments; gateway.ProviderUnavailable is the one for a provider that does not answer."""

from datetime import timedelta

from kit.errors import Conflict, Forbidden, Invalid, NotFound, TooManyRequests


class CardRefused(Invalid):
    """The payment provider does not accept this card; `fields` says which part is wrong."""

    code = "card_refused"


class ProviderPaymentNotFound(NotFound):
    """The payment provider has no such payment: check the account and the mode (test or live)."""

    code = "provider_payment_not_found"


class ProviderKeyReused(Conflict):
    """The idempotency key was already used for a different request to the payment provider."""

    code = "provider_key_reused"


class PaymentNotFound(NotFound):
    """There is no payment for this order."""

    code = "payment_not_found"


class RefundNotFound(NotFound):
    """There is no such refund."""

    code = "refund_not_found"


class RefundNotPossible(Conflict):
    """The order's status does not allow a refund."""

    code = "refund_not_possible"


class RefundNotGranted(Conflict):
    """Only a refund that is granted, and neither executed nor withdrawn, can be executed or withdrawn."""

    code = "refund_not_granted"


class SecondPersonRequired(Forbidden):
    """Another person than the one who granted this refund must execute it: it is above the company's limit."""

    code = "second_person_required"


class TooManyDeclines(TooManyRequests):
    """Too many payments were declined within ten minutes: wait before you order again."""

    code = "too_many_declines"

    def __init__(self, *, wait: timedelta) -> None:
        super().__init__(wait=wait)
        self.message = f"Too many payments were declined: wait for {self.seconds} s before you order again."

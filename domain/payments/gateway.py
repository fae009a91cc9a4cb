"""The interface to payment providers, independent of the provider."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol
from uuid import UUID

from kit.errors import Unavailable
from kit.money import Money

IDEMPOTENCY_KEY_TTL = timedelta(hours=23)
"""How long an idempotency key is safe to use. Stripe deletes keys after 24 hours."""

Outcome = Literal["authorised", "captured", "voided", "refunded", "declined"]


class ProviderUnavailable(Unavailable):
    """The payment provider did not answer, so the outcome is unknown; retry with the same idempotency key."""

    code = "payment_provider_unavailable"


@dataclass(frozen=True, slots=True)
class Card:
    """Card data as typed by the buyer. Its repr hides the data, and it is never stored."""

    number: str = field(repr=False)
    exp_month: int = field(repr=False)
    exp_year: int = field(repr=False)
    cvc: str = field(repr=False)

    @property
    def digits(self) -> str:
        """The card number without spaces and dashes of any kind."""
        typed = unicodedata.normalize("NFKC", self.number)
        return "".join(each for each in typed if unicodedata.category(each) not in {"Zs", "Pd"})


@dataclass(frozen=True, slots=True)
class Token:
    """The provider's token for a card: the `method` to pay with, and the card's fingerprint if known."""

    method: str
    card_fingerprint: str | None


@dataclass(frozen=True, slots=True)
class ProviderRefund:
    """One refund at the provider: its id there, its amount in minor units, and the id that we gave it, if any."""

    ref: str
    amount: int
    refund_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The provider's answer: the current state of a payment, or the refund that was just made.

    `ref` is the provider's id of the payment ("" if a decline has none). `amount` is in minor units: authorised,
    captured or refunded, depending on the outcome. A payment that is refunded in part is still captured. A decline has
    the provider's machine-readable `code`, and the card's fingerprint if known. `captured` and `refunded` are the sums
    of the payment, as far as the provider says them. `refunds` are the refunds made, where they were asked for.
    `payment_id` is the one that was given when the payment was authorised.
    """

    outcome: Outcome
    ref: str
    amount: int
    code: str | None = None
    detail: str | None = None
    card_fingerprint: str | None = None
    captured: int = 0
    refunded: int = 0
    refunds: tuple[ProviderRefund, ...] = ()
    payment_id: UUID | None = None


class Gateway(Protocol):
    """A payment provider. Every call can raise ProviderUnavailable; an unknown outcome is never guessed.

    `key` is an idempotency key: a repeated call gets the first answer again. A key of a different call raises
    ProviderKeyReused, and an unknown `ref` raises ProviderPaymentNotFound.
    """

    def tokenise(self, card: Card) -> Token:
        """Exchange a card for a token; raises CardRefused when the provider does not accept it."""

    def authorise(
        self, *, amount: int, currency: str, method: str, order_id: UUID, key: str, payment_id: UUID | None = None
    ) -> Answer:
        """Authorise `amount` minor units: authorised or declined.

        `payment_id` tells the payments of an order apart; its first one needs none.
        """

    def capture(self, *, ref: str, key: str, amount: Money | None = None) -> Answer:
        """Capture the authorised amount, or `amount` of it and release the rest.

        The answer is captured, or declined (`authorisation_gone`) if the authorisation expired or was voided.
        """

    def void(self, *, ref: str, key: str) -> Answer:
        """Void an authorisation: the answer is voided, also if the call is repeated.

        If the payment was captured before, nothing is changed, and the answer is captured or refunded.
        """

    def refund(self, *, ref: str, key: str, amount: Money | None = None, refund_id: UUID | None = None) -> Answer:
        """Refund what is left of the captured amount, or `amount` of it: refunded, also if repeated.

        If that cannot be refunded, the answer is the payment's state, with its refunds: captured, authorised, voided,
        refunded or declined.
        """

    def look_up(self, *, ref: str) -> Answer:
        """Return the state of a payment and its refunds. Raises ProviderPaymentNotFound for an unknown `ref`."""

    def payments_of(self, *, order_id: UUID) -> list[Answer]:
        """List all payments of the order, the newest first. Those of the last minute can be missing."""

    def every_payment(self, *, since: datetime | None = None) -> Iterator[tuple[UUID, Answer]]:
        """Iterate over all payments at the provider and their order ids, the newest first."""

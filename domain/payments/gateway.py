"""The port to whoever moves the money: what OrderX asks of a payment provider, in OrderX's words."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol
from uuid import UUID

from kit.errors import Unavailable

KEYS_LAST = timedelta(hours=23)
"""How long a key surely makes a repeated call the same call (Stripe forgets keys when they are 24 hours old)."""

Outcome = Literal["authorised", "captured", "voided", "refunded", "declined"]


class ProviderUnavailable(Unavailable):
    """The payment provider does not answer, so what happened is unknown; ask again with the same key."""

    code = "payment_provider_unavailable"


@dataclass(frozen=True, slots=True)
class Card:
    """A card as typed by the buyer; its repr hides it, and it lives no longer than the request."""

    number: str = field(repr=False)
    exp_month: int = field(repr=False)
    exp_year: int = field(repr=False)
    cvc: str = field(repr=False)

    @property
    def digits(self) -> str:
        """The number without the spaces and dashes of any kind that people put between its groups."""
        typed = unicodedata.normalize("NFKC", self.number)
        return "".join(each for each in typed if unicodedata.category(each) not in {"Zs", "Pd"})


@dataclass(frozen=True, slots=True)
class Token:
    """What the provider exchanges a card for: the `method` to pay with, and its fingerprint of the `card`."""

    method: str
    card: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider says a payment is now.

    `ref` is the provider's id of the payment ("" when a decline left none); `amount` is in minor units: held,
    captured or given back, as the outcome says. A decline names the provider's machine-readable `code`, and its
    fingerprint of the `card` where it tells it.
    """

    outcome: Outcome
    ref: str
    amount: int
    code: str | None = None
    detail: str | None = None
    card: str | None = None


class Gateway(Protocol):
    """A payment provider. Every call may raise ProviderUnavailable; none is ever answered by guessing.

    `key` makes a repeated call the same call: the provider answers again what it answered first. A key used before
    for something else raises KeyReused; a `ref` the provider has never heard of raises UnknownPayment.
    """

    def tokenise(self, card: Card) -> Token:
        """Exchange a card for a token; raises CardRefused when the provider will not have it."""

    def authorise(self, *, amount: int, currency: str, method: str, order_id: UUID, key: str) -> Answer:
        """Hold `amount` minor units on the method: authorised or declined."""

    def capture(self, *, ref: str, key: str) -> Answer:
        """Take the held amount: captured, or declined with `authorisation_gone` when there is no hold any more."""

    def void(self, *, ref: str, key: str) -> Answer:
        """Let go of a hold: voided, also when it had been already; captured or refunded when it is too late."""

    def refund(self, *, ref: str, key: str) -> Answer:
        """Give the whole captured amount back: refunded, also when it had been already.

        Where nothing was ever captured the answer is what the payment is instead: authorised, voided or declined.
        """

    def look_up(self, *, ref: str) -> Answer:
        """What the payment is now."""

    def payments_of(self, *, order_id: UUID) -> list[Answer]:
        """What was ever asked to be paid for the order, the newest first; the last minute's may be missing."""

    def every_payment(self, *, since: datetime | None = None) -> Iterator[tuple[UUID, Answer]]:
        """All payments that the provider knows of, the newest first, each with the order it was made for."""

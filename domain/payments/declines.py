"""Limits of declined payments per customer, card and network address, against card testing.

Card testers try many cards, or many security codes of one card, to find valid ones. A decline counts once it is
recorded. `decline_limiter` limits orders that were placed before their first decline.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.payments.errors import TooManyDeclines
from domain.payments.gateway import Answer
from kit import db
from kit.config import settings
from kit.db import Json
from kit.ids import new_id

WINDOW = timedelta(minutes=10)
ATTEMPT_LIFETIME = timedelta(days=1)
"""Attempts are deleted after this time. Declines of orders that are authorised later are not counted."""

BLOCKED = "too_many_declines"
"""The decline code of a payment that was not sent to the provider because of these limits."""
_NOT_FROM_ISSUER = frozenset({
    BLOCKED, "invalid_payment_method", "invalid_amount", "invalid_currency", "authorisation_gone",
})  # fmt: skip
"""Decline codes that do not come from an issuer."""


def is_counted(answer: Answer) -> bool:
    """Check whether the provider's answer is a decline that counts."""
    return answer.outcome == "declined" and answer.code not in _NOT_FROM_ISSUER


@dataclass(frozen=True, slots=True)
class PaymentSource:
    """How an order is paid: the provider's token, the card's fingerprint if known, a hash of the buyer's network."""

    method: str | None
    card_fingerprint: str | None = None
    network_hash: bytes | None = None


# An earlier decline of the same token has the fingerprint of its card.
_CARD_FINGERPRINT = """coalesce(%(card_fingerprint)s, (
            SELECT d.card_fingerprint FROM payment_attempts d
            WHERE d.company_id = %(company)s AND d.method = %(method)s AND d.declined_at > %(since)s LIMIT 1))"""
_LIMIT_REACHED_AT = f"""greatest(
        (SELECT d.declined_at FROM payment_attempts d
         WHERE d.user_id = %(buyer)s AND d.declined_at > %(since)s
         ORDER BY d.declined_at DESC OFFSET %(customer_limit)s - 1 LIMIT 1),
        (SELECT d.declined_at FROM payment_attempts d
         WHERE d.company_id = %(company)s AND d.card_fingerprint = {_CARD_FINGERPRINT} AND d.declined_at > %(since)s
         ORDER BY d.declined_at DESC OFFSET %(card_limit)s - 1 LIMIT 1),
        (SELECT d.declined_at FROM payment_attempts d
         WHERE d.company_id = %(company)s AND d.network_hash = %(network_hash)s::bytea AND d.declined_at > %(since)s
         ORDER BY d.declined_at DESC OFFSET %(network_limit)s - 1 LIMIT 1))"""  # noqa: S608 - constants only
"""The time of the oldest decline that counts towards a reached limit; null if none is reached.

A customer's declines count at all companies, a card's and a network's only at this company.
"""


@dataclass(frozen=True, slots=True)
class BelowDeclineLimits:
    """A precondition of an order (domain.sales.order_context): no limit of declined payments is reached `now`."""

    source: PaymentSource
    user_id: UUID
    company_id: UUID
    now: datetime

    column = _LIMIT_REACHED_AT

    @property
    def values(self) -> Json:
        """The parameters of the column."""
        limits = settings()
        return {
            "buyer": self.user_id, "company": self.company_id, "since": self.now - WINDOW,
            "method": self.source.method, "card_fingerprint": self.source.card_fingerprint,
            "network_hash": self.source.network_hash,
            "customer_limit": limits.decline_limit_customer, "card_limit": limits.decline_limit_card,
            "network_limit": limits.decline_limit_network,
        }  # fmt: skip

    def require(self, value: datetime | None) -> None:
        """Raise TooManyDeclines if a limit is reached; it ends when the oldest counted decline is ten minutes old."""
        if value is not None:
            raise TooManyDeclines(wait=value + WINDOW - self.now)


_INSERT_ATTEMPT = """
    INSERT INTO payment_attempts (id, company_id, user_id, method, card_fingerprint, network_hash, declined_at)
    VALUES (%(attempt)s, %(company)s, %(user)s, %(method)s, %(card_fingerprint)s, %(network_hash)s,
        %(declined_at)s)"""


def record(source: PaymentSource, *, attempt_id: UUID, user_id: UUID, company_id: UUID) -> None:
    """Record how a payment is made; `attempt_id` is described at PaymentAttempt."""
    _insert(source, id_=attempt_id, user_id=user_id, company_id=company_id, declined_at=None)


def record_refused_card(source: PaymentSource, *, user_id: UUID, company_id: UUID, now: datetime) -> None:
    """Record a card that the provider did not exchange for a token, as a decline."""
    _insert(source, id_=new_id(), user_id=user_id, company_id=company_id, declined_at=now)


def _insert(source: PaymentSource, *, id_: UUID, user_id: UUID, company_id: UUID, declined_at: datetime | None) -> None:
    values = {
        "attempt": id_, "company": company_id, "user": user_id, "method": source.method,
        "card_fingerprint": source.card_fingerprint, "network_hash": source.network_hash, "declined_at": declined_at,
    }  # fmt: skip
    db.insert(values, _INSERT_ATTEMPT)

"""How many payments may be declined before no more are tried: a customer, a card, a network address.

Card testers try many cards, or many security codes of one card, to learn which are good. A decline is counted when it
is recorded. Orders that were placed before the first decline are stopped in `allowance`, before the provider is asked.
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

WITHIN = timedelta(minutes=10)
KEPT_FOR = timedelta(days=1)
"""How long an attempt is kept. An order that is authorised later than that counts for nobody."""

NOT_ASKED = "too_many_declines"
"""The code of a payment that the provider was not asked for, because of these limits."""
_NO_DECLINES = frozenset({
    NOT_ASKED, "invalid_payment_method", "invalid_amount", "invalid_currency", "authorisation_gone",
})  # fmt: skip
"""Codes of ours: no issuer was asked, or it had said yes."""


def counts(answer: Answer) -> bool:
    """Whether the provider's answer is a decline that is counted."""
    return answer.outcome == "declined" and answer.code not in _NO_DECLINES


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an order is to be paid: the provider's token, its fingerprint of the card if known, the buyer's network."""

    method: str | None
    card: str | None = None
    network: bytes | None = None


# A token is known by the card it turned out to be when it was declined.
_CARD = """coalesce(%(card)s, (
            SELECT d.card FROM payment_attempts d
            WHERE d.company_id = %(company)s AND d.method = %(method)s AND d.declined_at > %(since)s LIMIT 1))"""
LIMIT_REACHED_AT = f"""greatest(
        (SELECT d.declined_at FROM payment_attempts d
         WHERE d.customer_id = %(customer)s AND d.declined_at > %(since)s
         ORDER BY d.declined_at DESC OFFSET %(customer_limit)s - 1 LIMIT 1),
        (SELECT d.declined_at FROM payment_attempts d
         WHERE d.company_id = %(company)s AND d.card = {_CARD} AND d.declined_at > %(since)s
         ORDER BY d.declined_at DESC OFFSET %(card_limit)s - 1 LIMIT 1),
        (SELECT d.declined_at FROM payment_attempts d
         WHERE d.company_id = %(company)s AND d.network = %(network)s::bytea AND d.declined_at > %(since)s
         ORDER BY d.declined_at DESC OFFSET %(network_limit)s - 1 LIMIT 1))"""  # noqa: S608 - our own words
"""A column, in SQL with `values()`: when the oldest of as many declines as are allowed happened; null below the limits.

Of a customer the declines at all companies count, of a card and a network address those at this one.
"""


def values(attempt: Attempt, *, customer_id: UUID, company_id: UUID, now: datetime) -> Json:
    """What LIMIT_REACHED_AT takes."""
    limits = settings()
    return {
        "customer": customer_id, "company": company_id, "since": now - WITHIN,
        "method": attempt.method, "card": attempt.card, "network": attempt.network,
        "customer_limit": limits.decline_limit_customer, "card_limit": limits.decline_limit_card,
        "network_limit": limits.decline_limit_network,
    }  # fmt: skip


def refuse_after(limit_reached_at: datetime | None, *, now: datetime) -> None:
    """Raise TooManyDeclines until the oldest of the counted declines is ten minutes old."""
    if limit_reached_at is not None:
        raise TooManyDeclines(wait=limit_reached_at + WITHIN - now)


_ADD = """
    INSERT INTO payment_attempts (id, company_id, customer_id, method, card, network, declined_at)
    VALUES (%(attempt)s, %(company)s, %(customer)s, %(method)s, %(card)s, %(network)s, %(declined_at)s)"""


def add(attempt: Attempt, *, order_id: UUID, customer_id: UUID, company_id: UUID) -> None:
    """Write down that an order is to be paid so."""
    _add(attempt, id_=order_id, customer_id=customer_id, company_id=company_id, declined_at=None)


def add_refused_card(attempt: Attempt, *, customer_id: UUID, company_id: UUID, now: datetime) -> None:
    """Count a card that the provider would not exchange for a token as a decline."""
    _add(attempt, id_=new_id(), customer_id=customer_id, company_id=company_id, declined_at=now)


def _add(attempt: Attempt, *, id_: UUID, customer_id: UUID, company_id: UUID, declined_at: datetime | None) -> None:
    values = {
        "attempt": id_, "company": company_id, "customer": customer_id, "method": attempt.method, "card": attempt.card,
        "network": attempt.network, "declined_at": declined_at,
    }  # fmt: skip
    db.insert(values, _ADD)

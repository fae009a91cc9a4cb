"""What a payment's events add up to, in minor units, and the payment's status, which follows from that.

Both are SQL, so that recording events, queries and `orderx check` share them.
"""

from typing import NamedTuple


class Sums(NamedTuple):
    """The sums of a payment's events. `authorised` and `voided` are whole authorisations, whatever became of them."""

    authorised: int = 0
    captured: int = 0
    voided: int = 0
    refunded: int = 0
    """Without refunds that have failed since, whose money is back."""
    disputed: int = 0
    """Without disputes that were won, whose money is back."""


DUPLICATE = "surplus"
"""The code of events that are about a duplicate of the payment, made by mistake: they are in no sum."""

_SUMMED = {
    "authorised": "amount FILTER (WHERE type = 'authorised')",
    "captured": "amount FILTER (WHERE type = 'captured')",
    "voided": "amount FILTER (WHERE type = 'voided')",
    "refunded": "CASE type WHEN 'refunded' THEN amount WHEN 'refund_failed' THEN -amount END",
    "disputed": "CASE type WHEN 'disputed' THEN amount WHEN 'dispute_won' THEN -amount END",
}
_OF_PAYMENT = f"detail->>'code' IS DISTINCT FROM '{DUPLICATE}'"


def _sum(summed: str) -> str:
    amount, _, condition = summed.partition(" FILTER ")
    return f"coalesce(sum({amount}){f' FILTER {condition}' if condition else ''}, 0)::bigint"


READ_SUMS = f"""
        SELECT payment_id, {", ".join(f"{_sum(summed)} AS {name}" for name, summed in _SUMMED.items())},
            count(*) AS events
        FROM {{events}} WHERE {_OF_PAYMENT} GROUP BY payment_id"""  # noqa: S608 - constants only
"""SQL: the columns of Sums and the number of events, by payment, over the rows of `{events}`."""

STATUS = """CASE
            WHEN captured > 0 OR refunded > 0 THEN CASE WHEN refunded >= captured THEN 'refunded' ELSE 'captured' END
            WHEN voided > 0 THEN 'voided' WHEN authorised > 0 THEN 'authorised'
            WHEN events > 0 THEN 'failed' ELSE 'pending' END"""
"""SQL: the status that follows from these columns. Events can arrive in any order: a void cannot be taken back by an
authorisation that is reported later, nor a capture by a void."""

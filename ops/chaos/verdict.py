"""What chaos must not have done, counted from the books."""

from collections import Counter
from collections.abc import Iterable, Mapping

from ops.chaos.books import Books, Json

ZEROS = ("lost", "double_charged", "charged_without_order", "leaked_units", "oversold_units", "unfinished")
"""What must not have happened once."""


def judge(books: Books, *, accepted: Iterable[str], on_hand: Mapping[str, int]) -> dict[str, int]:
    """Count each of ZEROS, and duplicate mails, which SMTP cannot rule out.

    `accepted` are the orders that customers were told of, `on_hand` the units of each product there were at first.
    """
    return {
        "lost": sum(not _is_known(books, order) for order in accepted),
        "double_charged": _double_charged(books),
        "charged_without_order": _charged_without_order(books),
        "leaked_units": sum(_leaked(books, product, first) for product, first in on_hand.items()),
        "oversold_units": sum(max(0, books.shelves[product].sold - first) for product, first in on_hand.items()),
        "unfinished": books.unfinished,
        "duplicate_mails": sum(times - 1 for times in Counter(mail[0] for mail in books.mails).values()),
    }


def missing_mails(books: Books) -> list[str]:
    """Mails that the database has for sent and that are not in the inbox."""
    arrived = {(occasion, recipient) for _, occasion, recipient in books.mails}
    return sorted(f"{occasion} to {recipient}" for occasion, recipient in books.mails_sent - arrived)


def _is_known(books: Books, order: str) -> bool:
    return order in books.orders and books.orders[order].has_saga


def _double_charged(books: Books) -> int:
    """Orders whose buyer pays in more than one payment, or more than the total."""
    payments: dict[str, list[int]] = {}
    for intent in books.intents:
        if _kept(intent) or _held(intent):
            payments.setdefault(intent["order_id"], []).append(_kept(intent))
    return sum(
        len(each) > 1 or (order in books.orders and sum(each) > books.orders[order].total)
        for order, each in payments.items()
    )


def _charged_without_order(books: Books) -> int:
    """Payments taken or held for an order that does not exist, has failed or is cancelled."""
    live = {order_id for order_id, order in books.orders.items() if order.status not in {"failed", "cancelled"}}
    return sum((_kept(intent) > 0 or _held(intent)) and intent["order_id"] not in live for intent in books.intents)


def _kept(intent: Json) -> int:
    kept: int = intent["amount_captured"] - intent["amount_refunded"]
    return kept


def _held(intent: Json) -> bool:
    held: bool = intent["status"] == "requires_capture"
    return held


def _leaked(books: Books, product: str, first: int) -> int:
    """Units held for nobody, and units that are neither on the shelf nor sold."""
    shelf = books.shelves[product]
    return abs(shelf.reserved - shelf.held) + abs(first - shelf.on_hand - shelf.sold)

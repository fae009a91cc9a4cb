"""Counts violations in the final state of a run."""

from collections import Counter
from collections.abc import Iterable, Mapping

from ops.chaos.final_state import FinalState, Json

MUST_BE_ZERO = ("lost", "double_charged", "charged_without_order", "leaked_units", "oversold_units", "unfinished")
"""Counts that must be zero."""


def count(state: FinalState, *, accepted: Iterable[str], on_hand: Mapping[str, int]) -> dict[str, int]:
    """Count violations by name: MUST_BE_ZERO, and duplicate mails, which SMTP cannot prevent.

    `accepted` are the order ids that customers received, `on_hand` the initial stock by product.
    """
    copies = Counter(mail.message_id for mail in state.mails_received)
    return {
        "lost": sum(not _is_known(state, order) for order in accepted),
        "double_charged": _count_double_charged(state),
        "charged_without_order": _count_charged_without_order(state),
        "leaked_units": sum(_count_leaked_units(state, product, initial) for product, initial in on_hand.items()),
        "oversold_units": sum(max(0, state.stock[product].sold - initial) for product, initial in on_hand.items()),
        "unfinished": state.unfinished_sagas,
        "duplicate_mails": sum(times - 1 for times in copies.values()),
    }


def missing_mails(state: FinalState) -> list[str]:
    """Mails that the database says were sent, and that the inbox does not contain."""
    arrived = {(mail.occasion, mail.recipient) for mail in state.mails_received}
    return sorted(f"{occasion} to {recipient}" for occasion, recipient in state.mails_sent - arrived)


def _is_known(state: FinalState, order: str) -> bool:
    return order in state.orders and state.orders[order].has_saga


def _count_double_charged(state: FinalState) -> int:
    """Number of orders with more than one payment, or with a payment above the total."""
    payments: dict[str, list[int]] = {}
    for intent in state.intents:
        if _captured_amount(intent) or _is_authorised(intent):
            payments.setdefault(intent["order_id"], []).append(_captured_amount(intent))
    return sum(
        len(each) > 1 or (order in state.orders and sum(each) > state.orders[order].total)
        for order, each in payments.items()
    )


def _count_charged_without_order(state: FinalState) -> int:
    """Number of captured or authorised payments for orders that do not exist, have failed or are cancelled."""
    live = {order_id for order_id, order in state.orders.items() if order.status not in {"failed", "cancelled"}}
    charged = (intent for intent in state.intents if _captured_amount(intent) > 0 or _is_authorised(intent))
    return sum(intent["order_id"] not in live for intent in charged)


def _captured_amount(intent: Json) -> int:
    captured: int = intent["amount_captured"] - intent["amount_refunded"]
    return captured


def _is_authorised(intent: Json) -> bool:
    authorised: bool = intent["status"] == "requires_capture"
    return authorised


def _count_leaked_units(state: FinalState, product: str, initial: int) -> int:
    """Number of units that are reserved without a pending order, or neither in stock nor sold."""
    stock = state.stock[product]
    return abs(stock.reserved - stock.reserved_by_pending_orders) + abs(initial - stock.on_hand - stock.sold)

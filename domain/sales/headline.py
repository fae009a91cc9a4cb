"""The three states of an order, and its status: the summary of them in one word."""

from typing import Literal, get_args

State = Literal["pending", "placed", "closed", "failed", "cancelled"]
"""The order itself: closed is a placed order after the time in which its goods can be returned."""

PaymentState = Literal[
    "none", "awaiting_customer", "pending", "partly_authorised", "authorised", "partly_paid", "paid",
    "partly_refunded", "refunded",
]  # fmt: skip
"""`none`: nothing to pay, nothing paid yet, or owed on account. `pending`: a bank transfer, say, that has not come."""

FulfilmentState = Literal[
    "none", "in_progress", "partly_shipped", "shipped", "delivered", "partly_returned", "returned"
]  # fmt: skip

STATES: tuple[State, ...] = get_args(State)
PAYMENT_STATES: tuple[PaymentState, ...] = get_args(PaymentState)
FULFILMENT_STATES: tuple[FulfilmentState, ...] = get_args(FulfilmentState)
STATUSES = (
    "pending", "paid", "fulfilling", "shipped", "delivered", "completed",
    "failed", "cancelled", "returned", "partially_returned",
)  # fmt: skip

_UNSETTLED = {"awaiting_customer", "pending", "partly_authorised", "partly_paid"}
_BY_FULFILMENT = {
    "in_progress": "fulfilling",
    "partly_shipped": "fulfilling",
    "shipped": "shipped",
    "delivered": "delivered",
    "partly_returned": "partially_returned",
    "returned": "returned",
}


def headline(state: State, payment: PaymentState, fulfilment: FulfilmentState) -> str:
    """The status of an order in these states.

    A placed order is `paid` as soon as its money is captured, authorised for a later capture, or owed on account. What
    has happened to its goods comes before what has happened to its money.
    """
    if state in {"pending", "failed", "cancelled"}:
        return state
    if fulfilment in {"partly_returned", "returned"}:
        return _BY_FULFILMENT[fulfilment]
    if state == "closed":
        return "completed"
    if fulfilment != "none":
        return _BY_FULFILMENT[fulfilment]
    return "pending" if payment in _UNSETTLED else "paid"

"""What each command does while another saga about the same order is open: the whole table."""

from saga.engine.targets import Rules

RULES: Rules = {
    ("cancel_order", "place_order"): "stop",
    ("cancel_order", "cancel_order"): "refuse",
    ("refund_payment", "refund_payment"): "queue",
}
"""By (the command's saga, the open saga); a pair that is not listed is refused with 409 and the open saga's name."""

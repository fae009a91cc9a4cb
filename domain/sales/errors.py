"""Errors of orders."""

from kit.errors import Conflict, Invalid, NotFound


class OrderNotFound(NotFound):
    """There is no such order."""

    code = "order_not_found"


class OutOfStock(Conflict):
    """There is not enough stock for this order."""

    code = "out_of_stock"


def not_enough(*, name: str, sku: str) -> str:
    """The message for buyers: it names the product, but not its stock level."""
    return f"There is not enough of {name} ({sku})."


class TransitionNotAllowed(Conflict):
    """The order's status does not allow this."""

    code = "transition_not_allowed"


class IdempotencyKeyReused(Invalid):
    """The idempotency key was already used for a different request; use a new one."""

    code = "idempotency_key_reused"


class IdempotencyKeyInUse(Conflict):
    """Another request with this idempotency key is still in progress; try again shortly."""

    code = "idempotency_key_in_use"


class GuestOrdersInProgress(Conflict):
    """The guest has an order in progress, or one paid less than 30 days ago that may still be shipped."""

    code = "guest_orders_in_progress"


class OrdersInProgress(Conflict):
    """You have an order in progress, or one paid less than 30 days ago that may still be shipped: try again later."""

    code = "orders_in_progress"

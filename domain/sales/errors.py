"""What sales refuses."""

from kit.errors import Conflict, NotFound


class OrderNotFound(NotFound):
    """There is no such order."""

    code = "order_not_found"


class SoldOut(Conflict):
    """One of the products is sold out."""

    code = "sold_out"


def not_enough(*, name: str, sku: str) -> str:
    """What buyers read when there is too little of a product: which one, and not how much there is."""
    return f"There is not enough of {name} ({sku})."


class NotAllowedNow(Conflict):
    """The order's status does not allow this."""

    code = "transition_not_allowed"


class KeyReused(Conflict):
    """The idempotency key came with another request before; use a new one."""

    code = "idempotency_key_reused"


class KeyInFlight(Conflict):
    """A request with this idempotency key is being worked on; ask again shortly."""

    code = "idempotency_key_in_flight"

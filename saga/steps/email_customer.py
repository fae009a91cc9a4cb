"""The buyer hears that the order is paid; the order does not wait for it."""

from collections.abc import Generator, Sequence

from saga import letters
from saga.engine.declaration import Answers, Calls, Outcomes, Subject, batched_step
from saga.engine.retries import UNTIL_DONE


@batched_step(area="notifications", retries=UNTIL_DONE, irreversible="a mail that is out cannot be called back")
def email_customer(orders: Sequence[Subject]) -> Generator[Calls, Answers, Outcomes]:
    """Tell the buyers that the payment succeeded."""
    claims = letters.to_buyers(
        occasion="order.completed", order_ids=[order.id for order in orders], template="payment_succeeded",
        now=orders[0].now,
    )  # fmt: skip
    return (yield from letters.send(claims))

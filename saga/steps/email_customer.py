"""The buyer and the company hear that the order is paid; the order does not wait for it."""

from collections.abc import Generator, Sequence

from saga import letters
from saga.engine.declaration import Answers, Calls, Outcomes, Subject, batched_step
from saga.engine.retries import UNTIL_DONE


@batched_step(area="notifications", retries=UNTIL_DONE, irreversible="a mail that is out cannot be called back")
def email_customer(orders: Sequence[Subject]) -> Generator[Calls, Answers, Outcomes]:
    """Tell the buyers that the payment succeeded, and the companies to ship."""
    claims = letters.to_both(
        occasion="order.completed", order_ids=[order.id for order in orders], buyer="payment_succeeded",
        merchant="payment_succeeded_merchant", now=orders[0].now,
    )  # fmt: skip
    return (yield from letters.send(claims))

"""The buyer hears that the order is paid; the order does not wait for it."""

from collections.abc import Generator
from typing import Any

from saga import letters
from saga.engine.declaration import Call, Outcome, Subject, step
from saga.engine.retries import UNTIL_DONE


@step(area="notifications", retries=UNTIL_DONE, irreversible="a mail that is out cannot be called back")
def email_customer(order: Subject) -> Generator[Call, Any, Outcome]:
    """Tell the buyer that the payment succeeded."""
    claim = letters.to_buyer(occasion="order.completed", order_id=order.id, template="payment_succeeded", now=order.now)
    return (yield from letters.send(claim))

"""Mail the buyer and the company that the order is paid. The order does not wait for these mails."""

from collections.abc import Sequence

from saga.deliveries import order_mail
from saga.engine.retries import UNTIL_DONE
from saga.engine.step import batched_step
from saga.engine.step_functions import Answers, Calls, OutcomesBySubject, Subject


@batched_step(area="notifications", retries=UNTIL_DONE, irreversible="a sent mail cannot be recalled")
def email_customer(orders: Sequence[Subject]) -> Calls:
    """Mail each buyer that the payment succeeded, and each company to ship the order."""
    claims = order_mail.enqueue_and_claim(
        occasion="order.completed", order_ids=[order.id for order in orders], buyer="payment_succeeded",
        merchant="payment_succeeded_merchant", now=orders[0].now,
    )  # fmt: skip
    return order_mail.deliveries(claims)


@email_customer.on_answers
def report_mails(_orders: Sequence[Subject], outcomes: Answers) -> OutcomesBySubject:
    """Return the outcomes of the deliveries, which are recorded with the mails."""
    return outcomes

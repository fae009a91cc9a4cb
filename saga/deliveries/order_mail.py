"""The mails about orders: gather their contents, enqueue them, and send them as a saga's step."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from domain.notifications import mail_queue as notifications
from domain.notifications.context import Context, Template
from domain.notifications.errors import MailRefused
from domain.notifications.mail_queue import AlreadyDone, Claimed, ClaimResult, LeasedElsewhere, MailRequest
from domain.sales import queries as sales
from domain.sales.queries import OrderDetails
from saga.deliveries import mail_delivery
from saga.deliveries.mail_delivery import DeliveryResult
from saga.engine.errors import InProgress, TryAgain
from saga.engine.step_functions import Calls, Outcome, OutcomesBySubject, SharedCall


def enqueue_and_claim(
    *, occasion: str, order_ids: Sequence[UUID], buyer: Template, merchant: Template, now: datetime
) -> dict[UUID, list[ClaimResult]]:
    """Enqueue a mail to each order's buyer and one to the selling company, and claim them for sending.

    Returns the results by order id. A mail is enqueued once per occasion and recipient: a company that buys from itself
    gets the buyer's mail only.
    """
    orders = sales.order_details(order_ids=order_ids)
    requests_by_order = {
        order.order_id: [
            _mail_request(occasion, order, order.customer_email, buyer),
            _mail_request(occasion, order, order.company_email, merchant),
        ]
        for order in orders
    }
    requests = [request for order_requests in requests_by_order.values() for request in order_requests]
    claims = notifications.enqueue_and_claim(company_id=orders[0].company_id, requests=requests, now=now)
    return {
        order_id: list({each.recipient: claims[each.occasion, each.recipient] for each in order_requests}.values())
        for order_id, order_requests in requests_by_order.items()
    }


def claim(*, mail_ids: Sequence[UUID], now: datetime) -> dict[UUID, ClaimResult]:
    """Claim mails of the current company or user, whatever they are about. Returns the results by mail id.

    The contexts of mails about orders are loaded again. Raises MailNotFound.
    """
    claims = notifications.claim(mail_ids=mail_ids, now=now)
    orders_by_mail = {
        mail_id: claim.mail.order_id
        for mail_id, claim in claims.items()
        if isinstance(claim, Claimed) and claim.mail.order_id
    }
    if orders_by_mail:
        details = {order.order_id: order for order in sales.order_details(order_ids=list(orders_by_mail.values()))}
        for mail_id, order_id in orders_by_mail.items():
            claims[mail_id] = notifications.with_context(claims[mail_id], _context(details[order_id]))
    return claims


def deliveries(claims_by_order: Mapping[UUID, Sequence[ClaimResult]]) -> Calls:
    """The external call that delivers the claimed mails, shared by all orders: it returns the outcome of each."""
    return dict.fromkeys(claims_by_order, SharedCall(partial(_deliver, claims_by_order)))


def _deliver(claims_by_order: Mapping[UUID, Sequence[ClaimResult]]) -> OutcomesBySubject:
    mails = [claim.mail for claims in claims_by_order.values() for claim in claims if isinstance(claim, Claimed)]
    errors = {mail.id: error for mail, error in zip(mails, mail_delivery.deliver(mails), strict=True)}
    return {order_id: _outcome_of_order(claims, errors) for order_id, claims in claims_by_order.items()}


def _outcome_of_order(claims: Sequence[ClaimResult], errors: Mapping[UUID, DeliveryResult]) -> Outcome:
    """The outcome of an order's step: of its first unsent mail, or of the buyer's mail if all were sent."""
    outcomes = [_outcome_of_mail(claim, errors) for claim in claims]
    unsent = (outcome for outcome in outcomes if isinstance(outcome, InProgress | TryAgain))
    return next(unsent, outcomes[0])


def _outcome_of_mail(claim: ClaimResult, errors: Mapping[UUID, DeliveryResult]) -> Outcome:
    if isinstance(claim, LeasedElsewhere):
        return InProgress("mail_leased", f"another process is sending it until {claim.until:%H:%M:%S} UTC")
    if isinstance(claim, AlreadyDone):
        return {"mail": claim.status}
    error = errors[claim.mail.id]
    if error is None or isinstance(error, MailRefused):
        return {"mail": "refused" if error else "sent"}
    return TryAgain(getattr(error, "code", type(error).__name__), str(error))


def _mail_request(occasion: str, order: OrderDetails, recipient: str, template: Template) -> MailRequest:
    return MailRequest(order.order_id, f"{occasion}:{order.order_id}", recipient, template, _context(order))


def _context(order: OrderDetails) -> Context:
    names = ("number", "shop", "company", "customer", "lines", "subtotal", "discount_percent", "total", "currency",
             "shipping_address", "failure", "branding")  # fmt: skip
    return {"order_id": str(order.order_id), **{name: getattr(order, name) for name in names}}  # type: ignore[typeddict-item]

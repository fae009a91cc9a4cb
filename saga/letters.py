"""The mails about an order: what they say, gathered from the areas that know, and how one is seen through."""

from collections.abc import Generator
from datetime import datetime
from functools import partial
from uuid import UUID

from domain.notifications import operations as notifications
from domain.notifications.context import Context, Template
from domain.notifications.errors import MailRefused, MailUnavailable
from domain.notifications.mailer import mailer
from domain.notifications.models import Mail
from domain.notifications.rendering import render
from domain.sales import queries as sales
from domain.sales.queries import Told
from saga.engine.declaration import Call, Outcome
from saga.engine.errors import TryAgain


def to_buyer(*, occasion: str, order_id: UUID, template: Template) -> UUID:
    """Ask for a mail to the order's buyer, once per occasion; its id."""
    told = sales.told(order_id=order_id)
    return _ask(occasion, told, told.order.customer_email, template)


def to_both(*, occasion: str, order_id: UUID, buyer: Template, merchant: Template) -> list[UUID]:
    """Ask for a mail to the order's buyer and one to the company that sells, once per occasion; their ids."""
    told = sales.told(order_id=order_id)
    return [
        _ask(occasion, told, told.order.customer_email, buyer),
        _ask(occasion, told, told.company.email, merchant),
    ]


def send(*, mail_id: UUID, now: datetime) -> Generator[Call, MailRefused | MailUnavailable | None, Outcome]:
    """See a mail through, as a step does: the claim, the SMTP call outside of any transaction, the result."""
    claim = notifications.claim(mail_id=mail_id, now=now)
    if isinstance(claim, notifications.Settled):
        return {"mail": claim.status}
    if isinstance(claim, notifications.Leased):
        return TryAgain("mail_leased", f"somebody else sends it until {claim.until:%H:%M:%S} UTC")
    trouble = yield partial(_hand_over, claim.mail)
    if isinstance(trouble, MailRefused):
        notifications.mark_refused(mail_id=mail_id, error=trouble.message)
        return {"mail": "refused"}
    if isinstance(trouble, MailUnavailable):
        notifications.release(mail_id=mail_id, attempt=claim.mail.attempts, error=trouble.message)
        return TryAgain(trouble.code, trouble.message)
    notifications.mark_sent(mail_id=mail_id, now=now)
    return {"mail": "sent"}


def _hand_over(mail: Mail) -> MailRefused | MailUnavailable | None:
    try:
        mailer().send(
            render(
                template=mail.template,  # type: ignore[arg-type]
                context=mail.context,
                recipient=mail.recipient,
                mail_id=mail.id,
                occasion=mail.occasion,
            )
        )
    except (MailRefused, MailUnavailable) as trouble:
        return trouble
    return None


def _ask(occasion: str, told: Told, recipient: str, template: Template) -> UUID:
    order = told.order
    return notifications.queue(
        company_id=order.company_id, order_id=order.id, occasion=f"{occasion}:{order.id}", recipient=recipient,
        template=template, context=_context(told),
    )  # fmt: skip


def _context(told: Told) -> Context:
    order = told.order
    return {
        "order_id": str(order.id),
        "shop": told.shop,
        "company": told.company.name,
        "customer": order.customer_name,
        "lines": [
            {"name": line.name, "sku": line.sku, "quantity": line.quantity, "unit_price": line.unit_price}
            for line in told.lines
        ],
        "subtotal": order.subtotal,
        "discount_percent": order.discount_percent,
        "total": order.total,
        "currency": order.currency,
        "shipping_address": order.shipping_address,
        "failure": order.failure,  # type: ignore[typeddict-item]
    }

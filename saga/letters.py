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
from domain.notifications.operations import Claim, Leased, Settled
from domain.notifications.rendering import render
from domain.sales import queries as sales
from domain.sales.queries import Told
from kit import clock, crash, db
from kit.patience import through_outages
from kit.tenancy import Tenant
from saga import leases
from saga.engine.declaration import Call, Outcome
from saga.engine.errors import TryAgain

Trouble = MailRefused | MailUnavailable | None
"""Why a mail could not be handed over; None when it was."""


def to_buyer(*, occasion: str, order_id: UUID, template: Template, now: datetime) -> Claim:
    """Ask for a mail to the order's buyer, once per occasion, and claim it for sending."""
    told = sales.told(order_id=order_id)
    return _ask(occasion, told, told.customer_email, template, now)


def to_both(*, occasion: str, order_id: UUID, buyer: Template, merchant: Template, now: datetime) -> list[Claim]:
    """Ask for a mail to the order's buyer and one to the company that sells, once per occasion, and claim both."""
    told = sales.told(order_id=order_id)
    return [
        _ask(occasion, told, told.customer_email, buyer, now),
        _ask(occasion, told, told.company_email, merchant, now),
    ]


def send(claim: Claim) -> Generator[Call, Trouble, Outcome]:
    """See a mail through, as a step does: outside of any transaction."""
    if isinstance(claim, Settled):
        return {"mail": claim.status}
    if isinstance(claim, Leased):
        return TryAgain("mail_leased", f"somebody else sends it until {claim.until:%H:%M:%S} UTC")
    trouble = yield partial(see_through, claim.mail)
    if isinstance(trouble, MailUnavailable):
        return TryAgain(trouble.code, trouble.message)
    return {"mail": "refused" if trouble else "sent"}


def see_through(mail: Mail) -> Trouble:
    """Hand a claimed mail over, and write down what came of it before anything else is done.

    An outage of the database is waited out in between, for nobody else knows that the mail is out.
    """
    trouble = _hand_over(mail)
    crash.point("mail.handed_over")
    through_outages(partial(_record, mail, trouble), longest_pause=0.25)
    crash.point("mail.recorded")
    return trouble


def _hand_over(mail: Mail) -> Trouble:
    try:
        with leases.kept(mail) as lease:
            message = render(
                template=mail.template,  # type: ignore[arg-type]
                context=mail.context,
                recipient=mail.recipient,
                mail_id=mail.id,
                occasion=mail.occasion,
            )
            lease.check()
            mailer().send(message)
    except (MailRefused, MailUnavailable) as trouble:
        return trouble
    return None


def _record(mail: Mail, trouble: Trouble) -> None:
    with db.lean_transaction(Tenant(mail.company_id, mail.user_id)):
        if isinstance(trouble, MailRefused):
            notifications.mark_refused(mail_id=mail.id, error=trouble.message)
        elif isinstance(trouble, MailUnavailable):  # the sweeper brings it back
            notifications.release(mail_id=mail.id, attempt=mail.attempts, error=trouble.message)
        else:
            notifications.mark_sent(mail_id=mail.id, now=clock.now())


def _ask(occasion: str, told: Told, recipient: str, template: Template, now: datetime) -> Claim:
    return notifications.ask(
        company_id=told.company_id, order_id=told.order_id, occasion=f"{occasion}:{told.order_id}",
        recipient=recipient, template=template, context=_context(told), now=now,
    )  # fmt: skip


def _context(told: Told) -> Context:
    said = ("shop", "company", "customer", "lines", "subtotal", "discount_percent", "total", "currency",
            "shipping_address", "failure")  # fmt: skip
    return {"order_id": str(told.order_id), **{name: getattr(told, name) for name in said}}  # type: ignore[typeddict-item]

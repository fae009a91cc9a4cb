"""The mails about orders: what they say, gathered from the areas that know, and how they are seen through."""

from collections import defaultdict
from collections.abc import Generator, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from domain.notifications import operations as notifications
from domain.notifications.context import Context, Template
from domain.notifications.errors import MailRefused, MailServerGone, MailUnavailable
from domain.notifications.mailer import mailer
from domain.notifications.models import Mail
from domain.notifications.operations import Claim, Leased, Settled, Wanted
from domain.notifications.rendering import render
from domain.sales import queries as sales
from domain.sales.queries import Told
from kit import clock, crash, db
from kit.patience import through_outages
from kit.tenancy import Tenant
from saga import leases
from saga.engine.declaration import Call, Outcome
from saga.engine.errors import TryAgain
from saga.leases import Lease

Trouble = Exception | None
"""Why a mail could not be handed over; None when it was. What is neither MailRefused nor MailUnavailable is a fault of
ours, which is not written down: the lease runs out, and the sweeper has the mail tried again."""


def to_buyer(*, occasion: str, order_id: UUID, template: Template, now: datetime) -> Claim:
    """Ask for a mail to the order's buyer, once per occasion, and claim it for sending."""
    [claim] = to_buyers(occasion=occasion, order_ids=[order_id], template=template, now=now)
    return claim


def to_buyers(*, occasion: str, order_ids: Sequence[UUID], template: Template, now: datetime) -> list[Claim]:
    """The same for many orders of the company."""
    told = sales.told(order_ids=order_ids)
    return _ask([_wanted(occasion, each, each.customer_email, template) for each in told], told, now)


def to_both(
    *, occasion: str, order_ids: Sequence[UUID], buyer: Template, merchant: Template, now: datetime
) -> list[Claim]:
    """Ask for a mail to each order's buyer and one to the company that sells, once per occasion, and claim them."""
    told = sales.told(order_ids=order_ids)
    wanted = [
        _wanted(occasion, each, recipient, template)
        for each in told
        for recipient, template in ((each.customer_email, buyer), (each.company_email, merchant))
    ]
    return _ask(wanted, told, now)


def send(claim: Claim) -> Generator[Call, list[Trouble], Outcome]:
    """See a mail through, as a step does: outside of any transaction."""
    if isinstance(claim, Settled):
        return {"mail": claim.status}
    if isinstance(claim, Leased):
        return TryAgain("mail_leased", f"somebody else sends it until {claim.until:%H:%M:%S} UTC")
    [trouble] = yield partial(see_through, [claim.mail])
    if isinstance(trouble, MailUnavailable):
        return TryAgain(trouble.code, trouble.message)
    if trouble and not isinstance(trouble, MailRefused):
        raise trouble
    return {"mail": "refused" if trouble else "sent"}


def see_through(mails: Sequence[Mail]) -> list[Trouble]:
    """Hand claimed mails over, one after the other, and write down what came of them before anything else is done.

    That is at the end, or within two seconds by another thread: the mark of a mail that is out does not wait for what a
    slow server does with the next. An outage of the database is waited out, for nobody else knows that they are out.
    When there is no server to speak to, the rest is not tried.
    """
    outcomes = _Outcomes()
    with leases.kept(mails, meanwhile=outcomes.write) as held:
        for lease in held:
            outcomes.note(lease.mail, outcomes.gone or _hand_over(lease))
            crash.point("mail.handed_over")
        through_outages(outcomes.write, longest_pause=0.25)
    crash.point("mail.recorded")
    return outcomes.all


class _Outcomes:
    """What came of the mails that were handed over, and which of it is still to be written down."""

    def __init__(self) -> None:
        self.all: list[Trouble] = []
        self.gone: MailServerGone | None = None
        self._unwritten: dict[UUID, tuple[Mail, Trouble]] = {}

    def note(self, mail: Mail, trouble: Trouble) -> None:
        self.all.append(trouble)
        self._unwritten[mail.id] = (mail, trouble)
        if isinstance(trouble, MailServerGone):
            self.gone = trouble

    def write(self) -> None:
        by_owner: dict[Tenant, list[tuple[Mail, Trouble]]] = defaultdict(list)
        for mail, trouble in list(self._unwritten.values()):
            by_owner[Tenant(mail.company_id, mail.user_id)].append((mail, trouble))
        for owner, theirs in by_owner.items():
            _record(owner, theirs)
            for mail, _ in theirs:
                self._unwritten.pop(mail.id, None)  # the keeper of the leases and we may both have written it


def _hand_over(lease: Lease) -> Trouble:
    mail = lease.mail
    try:
        message = render(
            template=mail.template,  # type: ignore[arg-type]
            context=mail.context,
            recipient=mail.recipient,
            mail_id=mail.id,
            occasion=mail.occasion,
        )
        lease.check()
        mailer().send(message)
    except Exception as trouble:  # noqa: BLE001 - a mail that cannot be written holds up none of the others
        return trouble
    return None


def _record(owner: Tenant, outcomes: Sequence[tuple[Mail, Trouble]]) -> None:
    with db.lean_transaction(owner):
        for mail, trouble in outcomes:
            if isinstance(trouble, MailRefused):
                notifications.mark_refused(mail_id=mail.id, error=trouble.message)
            elif isinstance(trouble, MailUnavailable):  # the sweeper brings it back
                notifications.release(mail_id=mail.id, attempt=mail.attempts, error=trouble.message)
        sent = [mail.id for mail, trouble in outcomes if trouble is None]
        if sent:
            notifications.mark_sent(mail_ids=sent, now=clock.now())


def _ask(wanted: Sequence[Wanted], told: Sequence[Told], now: datetime) -> list[Claim]:
    return notifications.ask(company_id=told[0].company_id, wanted=wanted, now=now)


def _wanted(occasion: str, told: Told, recipient: str, template: Template) -> Wanted:
    return Wanted(told.order_id, f"{occasion}:{told.order_id}", recipient, template, _context(told))


def _context(told: Told) -> Context:
    said = ("shop", "company", "customer", "lines", "subtotal", "discount_percent", "total", "currency",
            "shipping_address", "failure")  # fmt: skip
    return {"order_id": str(told.order_id), **{name: getattr(told, name) for name in said}}  # type: ignore[typeddict-item]

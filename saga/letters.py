"""The mails about orders: what they say, gathered from the areas that know, and how they are seen through."""

import time
from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from domain.notifications import operations as notifications
from domain.notifications.context import Context, Template
from domain.notifications.errors import MailRefused, MailServerGone, MailUnavailable
from domain.notifications.mailer import mailer
from domain.notifications.operations import Claim, Claimed, ClaimedMail, Leased, Settled, Wanted
from domain.notifications.rendering import render
from domain.sales import queries as sales
from domain.sales.queries import Told
from kit import clock, db
from kit.process import failpoints, heartbeat
from kit.process.outages import retry_while_database_is_down
from kit.tenancy import Tenant
from saga import leases
from saga.engine.declaration import Answers, Calls, Outcome, Outcomes, Shared
from saga.engine.errors import InProgress, TryAgain
from saga.leases import Lease

MARK_EVERY = 0.1
"""Seconds between two marks of mails that are sent one after the other: what a death just then may repeat."""

Trouble = Exception | None
"""Why a mail could not be handed over; None when it was. What is neither MailRefused nor MailUnavailable is a fault of
ours, which is not written down: the lease runs out, and the sweeper has the mail tried again."""


def to_both(
    *, occasion: str, order_ids: Sequence[UUID], buyer: Template, merchant: Template, now: datetime
) -> dict[UUID, list[Claim]]:
    """Ask for a mail to each order's buyer and one to the company that sells, and claim them for sending; by order.

    They are asked for once per occasion. A company that buys from itself gets the buyer's.
    """
    told = sales.told(order_ids=order_ids)
    wanted = {
        each.order_id: [
            _wanted(occasion, each, each.customer_email, buyer), _wanted(occasion, each, each.company_email, merchant)
        ]
        for each in told
    }  # fmt: skip
    mails = [mail for theirs in wanted.values() for mail in theirs]
    claims = notifications.ask(company_id=told[0].company_id, wanted=mails, now=now)
    return {
        order_id: list({mail.recipient: claims[mail.occasion, mail.recipient] for mail in theirs}.values())
        for order_id, theirs in wanted.items()
    }


def send(claims: Mapping[UUID, Sequence[Claim]]) -> Generator[Calls, Answers, Outcomes]:
    """See mails through, as a step does that is taken for many: outside of any transaction."""
    mails = [claim.mail for theirs in claims.values() for claim in theirs if isinstance(claim, Claimed)]
    with_mails = [subject for subject, theirs in claims.items() if any(isinstance(each, Claimed) for each in theirs)]
    answers = yield dict.fromkeys(with_mails, Shared(partial(_troubles, mails)))
    return {subject: _outcome(theirs, answers.get(subject, {})) for subject, theirs in claims.items()}


def _troubles(mails: Sequence[ClaimedMail]) -> dict[UUID, Trouble]:
    return {mail.id: trouble for mail, trouble in zip(mails, see_through(mails), strict=True)}


def _outcome(claims: Sequence[Claim], troubles: Mapping[UUID, Trouble]) -> Outcome:
    """What became of all mails of an order: the first that is still to be sent, or else of the buyer's."""
    outcomes = [_outcome_of(claim, troubles) for claim in claims]
    unsent = (outcome for outcome in outcomes if isinstance(outcome, InProgress | TryAgain))
    return next(unsent, outcomes[0])


def _outcome_of(claim: Claim, troubles: Mapping[UUID, Trouble]) -> Outcome:
    if isinstance(claim, Leased):
        return InProgress("mail_leased", f"somebody else sends it until {claim.until:%H:%M:%S} UTC")
    if isinstance(claim, Settled):
        return {"mail": claim.status}
    trouble = troubles[claim.mail.id]
    if trouble is None or isinstance(trouble, MailRefused):
        return {"mail": "refused" if trouble else "sent"}
    return TryAgain(getattr(trouble, "code", type(trouble).__name__), str(trouble))


def see_through(mails: Sequence[ClaimedMail]) -> list[Trouble]:
    """Hand claimed mails over, one after the other, and write down what came of them before anything else is done.

    That is every tenth of a second and at the end; and within two seconds by another thread, so that the mark of a mail
    that is out does not wait for what a slow server does with the next. An outage of the database is waited out, for
    nobody else knows that they are out.
    When there is no server to speak to, the rest is not tried.
    """
    outcomes = _Outcomes()
    with leases.kept(mails, meanwhile=outcomes.write) as held:
        for lease in held:
            heartbeat.beat()
            outcomes.note(lease.mail, outcomes.gone or _hand_over(lease))
            failpoints.hit("mail.handed_over")
            if time.monotonic() - outcomes.written_at > MARK_EVERY:
                retry_while_database_is_down(outcomes.write, longest_pause=0.25)
        retry_while_database_is_down(outcomes.write, longest_pause=0.25)
    failpoints.hit("mail.recorded")
    return outcomes.all


class _Outcomes:
    """What came of the mails that were handed over, and which of it is still to be written down."""

    def __init__(self) -> None:
        self.all: list[Trouble] = []
        self.gone: MailServerGone | None = None
        self.written_at = time.monotonic()
        self._unwritten: dict[UUID, tuple[ClaimedMail, Trouble]] = {}

    def note(self, mail: ClaimedMail, trouble: Trouble) -> None:
        self.all.append(trouble)
        self._unwritten[mail.id] = (mail, trouble)
        if isinstance(trouble, MailServerGone):
            self.gone = trouble

    def write(self) -> None:
        by_owner: dict[Tenant, list[tuple[ClaimedMail, Trouble]]] = defaultdict(list)
        for mail, trouble in list(self._unwritten.values()):
            by_owner[Tenant(mail.company_id, mail.user_id)].append((mail, trouble))
        for owner, theirs in by_owner.items():
            _record(owner, theirs)
            for mail, _ in theirs:
                self._unwritten.pop(mail.id, None)  # the keeper of the leases and we may both have written it
        self.written_at = time.monotonic()


def _hand_over(lease: Lease) -> Trouble:
    mail = lease.mail
    try:
        message = render(
            template=mail.template,
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


def _record(owner: Tenant, outcomes: Sequence[tuple[ClaimedMail, Trouble]]) -> None:
    with db.transaction(owner):
        for mail, trouble in outcomes:
            if isinstance(trouble, MailRefused):
                notifications.mark_refused(mail_id=mail.id, error=trouble.message)
            elif isinstance(trouble, MailUnavailable):  # the sweeper brings it back
                notifications.release(mail_id=mail.id, attempt=mail.attempts, error=trouble.message)
        sent = [mail.id for mail, trouble in outcomes if trouble is None]
        if sent:
            notifications.mark_sent(mail_ids=sent, now=clock.now())


def _wanted(occasion: str, told: Told, recipient: str, template: Template) -> Wanted:
    return Wanted(told.order_id, f"{occasion}:{told.order_id}", recipient, template, _context(told))


def _context(told: Told) -> Context:
    said = ("shop", "company", "customer", "lines", "subtotal", "discount_percent", "total", "currency",
            "shipping_address", "failure", "branding")  # fmt: skip
    return {"order_id": str(told.order_id), **{name: getattr(told, name) for name in said}}  # type: ignore[typeddict-item]

"""Seeing mails through, each in two short transactions around the SMTP call."""

from collections.abc import Sequence
from uuid import UUID

from celery import Celery

from domain.notifications import operations as notifications
from domain.notifications.operations import Claim, Claimed
from kit import clock, crash, db
from kit.tenancy import Tenant
from saga import letters
from workers.patience import patiently


def register(app: Celery) -> None:
    """Give the Celery app the task by which the sweeper has a forgotten mail sent."""

    @patiently
    def send_mail(*, mail_id: str, company_id: str) -> None:
        send(mail_id=UUID(mail_id), company_id=UUID(company_id))

    app.task(send_mail, name="notifications.send_mail", shared=False)


def send(*, mail_id: UUID, company_id: UUID) -> None:
    """Send a mail that was asked for and that nobody has sent."""
    tenant = Tenant(company_id=company_id)
    with db.lean_transaction(tenant):
        claim = notifications.claim(mail_id=mail_id, now=clock.now())
    crash.point("mail.claimed")
    deliver([claim], tenant)


def deliver(claims: Sequence[Claim], tenant: Tenant) -> None:
    """Hand over what was claimed, and write down what came of it; what cannot go out now the sweeper brings back."""
    for claim in claims:
        if isinstance(claim, Claimed):
            trouble = letters.hand_over(claim.mail)
            crash.point("mail.handed_over")
            with db.lean_transaction(tenant):  # one by one: what is out shall be marked before anything else happens
                letters.record(claim.mail, trouble, now=clock.now())
            crash.point("mail.recorded")

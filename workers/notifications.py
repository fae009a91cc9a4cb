"""Seeing mails through: those a reaction has claimed, and those nobody has sent."""

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
    with db.lean_transaction(Tenant(company_id=company_id)):
        claim = notifications.claim(mail_id=mail_id, now=clock.now())
    crash.point("mail.claimed")
    deliver([claim])


def deliver(claims: Sequence[Claim]) -> None:
    """See through what was claimed; what cannot go out now the sweeper brings back."""
    for claim in claims:
        if isinstance(claim, Claimed):
            letters.see_through(claim.mail)

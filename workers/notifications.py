"""Seeing mails through, each in two short transactions around the SMTP call."""

from collections.abc import Sequence
from uuid import UUID

from celery import Celery

from domain.notifications import operations as notifications
from domain.notifications.operations import Claim, Claimed
from kit import clock, db
from kit.tenancy import Tenant
from saga import letters
from workers.patience import patiently


def register(app: Celery) -> None:
    """Give the Celery app the task by which the sweeper has a forgotten mail sent."""

    @patiently
    def send_mail(*, mail_id: str, company_id: str) -> None:
        tenant = Tenant(company_id=UUID(company_id))
        with db.lean_transaction(tenant):
            claim = notifications.claim(mail_id=UUID(mail_id), now=clock.now())
        deliver([claim], tenant)

    app.task(send_mail, name="notifications.send_mail", shared=False)


def deliver(claims: Sequence[Claim], tenant: Tenant) -> None:
    """Hand over what was claimed, and write down what came of it; what cannot go out now the sweeper brings back."""
    mine = [claim.mail for claim in claims if isinstance(claim, Claimed)]
    handed_over = [(mail, letters.hand_over(mail)) for mail in mine]
    if handed_over:
        with db.lean_transaction(tenant):
            for mail, trouble in handed_over:
                letters.record(mail, trouble, now=clock.now())

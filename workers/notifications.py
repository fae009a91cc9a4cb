"""Seeing mails through."""

from uuid import UUID

from celery import Celery

from kit import clock, db
from kit.tenancy import Tenant
from saga import letters
from saga.engine.perform import after_the_call, until_the_call
from workers.patience import patiently


def register(app: Celery) -> None:
    """Give the Celery app the task by which the sweeper has a forgotten mail sent."""

    @patiently
    def send_mail(*, mail_id: str, company_id: str) -> None:
        deliver(mail_id=UUID(mail_id), company_id=UUID(company_id))

    app.task(send_mail, name="notifications.send_mail", shared=False)


def deliver(*, mail_id: UUID, company_id: UUID | None) -> None:
    """Send one mail: a transaction before the SMTP call and one after it. What fails now the sweeper brings back."""
    tenant = Tenant(company_id=company_id)
    sending = letters.send(mail_id=mail_id, now=clock.now())
    with db.transaction(tenant):
        call, _ = until_the_call(sending)
    if call:
        answer = call()
        with db.transaction(tenant):
            after_the_call(sending, answer)

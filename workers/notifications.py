"""Seeing mails through: those a reaction has claimed, and those nobody has sent."""

from collections.abc import Sequence
from uuid import UUID

import structlog
from celery import Celery

from domain.notifications import operations as notifications
from domain.notifications.errors import MailRefused, MailUnavailable
from domain.notifications.operations import Claim, Claimed
from kit import clock, crash, db
from kit.tenancy import Tenant
from saga import letters
from workers.patience import patiently

log = structlog.get_logger()


def register(app: Celery) -> None:
    """Give the Celery app the task that sends a mail: one about an account, or one that the sweeper finds forgotten."""

    @patiently
    def send_mail(**ids: str) -> None:
        send(**{name: UUID(given) for name, given in ids.items()})

    app.task(send_mail, name="notifications.send_mail", shared=False)


def send(*, mail_id: UUID, company_id: UUID | None = None, user_id: UUID | None = None) -> None:
    """Send a mail that was asked for and that nobody has sent: one of a company, or about a user's account."""
    with db.lean_transaction(Tenant(company_id, user_id)):
        claims = notifications.claim(mail_ids=[mail_id], now=clock.now())
    crash.point("mail.claimed")
    deliver(claims)


def deliver(claims: Sequence[Claim]) -> None:
    """See through what was claimed; what cannot go out now the sweeper brings back."""
    mails = [claim.mail for claim in claims if isinstance(claim, Claimed)]
    for mail, trouble in zip(mails, letters.see_through(mails), strict=True):
        if trouble and not isinstance(trouble, (MailRefused, MailUnavailable)):
            log.error("a mail could not be handed over", mail=str(mail.id), exc_info=trouble)

"""Seeing mails through: those a reaction has claimed, and those nobody has sent."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

import structlog
from celery import Celery, Task

from domain.notifications import operations as notifications
from domain.notifications.errors import MailRefused, MailUnavailable
from domain.notifications.operations import Claim, Claimed
from kit import clock, db
from kit.process import failpoints, logs
from kit.tenancy import Tenant
from saga import mail_delivery
from workers import logged
from workers.gathering import Asked, GatheredTask
from workers.patience import patiently

log = structlog.get_logger()


def register(app: Celery) -> None:
    """Give the Celery app the task that sends a mail: one about an account, or one that the sweeper finds forgotten."""

    @patiently
    def together(asked: Sequence[Asked]) -> None:
        mails: dict[Tenant, list[UUID]] = defaultdict(list)
        for each in asked:
            mails[_owner(**each.ids)].append(UUID(each.ids["mail_id"]))
        for owner, mail_ids in mails.items():
            send(owner, mail_ids)

    def send_mail(task: Task, **ids: str) -> None:
        together([Asked(task.name, ids, task.request.id)])

    app.task(
        send_mail, name="notifications.send_mail", base=GatheredTask, bind=True, shared=False,
        together=staticmethod(together),
    )  # fmt: skip


def _owner(*, company_id: str | None = None, user_id: str | None = None, **_: str) -> Tenant:
    return Tenant(company_id and UUID(company_id), user_id and UUID(user_id))


def send(owner: Tenant, mail_ids: Sequence[UUID]) -> None:
    """Send mails that were asked for and that nobody has sent: a company's, or about a user's account."""
    with db.transaction(owner):
        claims = notifications.claim(mail_ids=mail_ids, now=clock.now())
    failpoints.hit("mail.claimed")
    deliver(claims.values())


def deliver(claims: Iterable[Claim]) -> None:
    """See through what was claimed; what cannot go out now the sweeper brings back."""
    mails = [claim.mail for claim in claims if isinstance(claim, Claimed)]
    for mail, trouble in zip(mails, mail_delivery.deliver(mails), strict=True):
        if trouble and not isinstance(trouble, (MailRefused, MailUnavailable)):
            with logged.about(request_id=logs.request_id(mail.order_id)):
                log.error("a mail could not be handed over", mail=str(mail.id), exc_info=trouble)

"""The Celery task that sends mails."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from celery import Celery, Task

from kit import clock, db
from kit.process import failpoints
from kit.tenancy import Tenant
from saga.deliveries import mail_delivery, order_mail
from workers.celery_internals.batch_runner import TaskCall
from workers.celery_internals.batching import BatchTask
from workers.outages import retry_on_outage


def register(app: Celery) -> None:
    """Register the task that sends a mail about an account, or an overdue mail for the sweeper."""

    @retry_on_outage
    def run_batch(calls: Sequence[TaskCall]) -> None:
        mails: dict[Tenant, list[UUID]] = defaultdict(list)
        for call in calls:
            mails[_tenant(**call.kwargs)].append(UUID(call.kwargs["mail_id"]))
        for owner, mail_ids in mails.items():
            send(owner, mail_ids)

    def send_mail(task: Task, **ids: str) -> None:
        run_batch([TaskCall(task.name, ids, task.request.id)])

    app.task(
        send_mail, name="notifications.send_mail", base=BatchTask, bind=True, shared=False,
        run_batch=staticmethod(run_batch),
    )  # fmt: skip


def _tenant(*, company_id: str | None = None, user_id: str | None = None, **_: str) -> Tenant:
    return Tenant(UUID(company_id) if company_id else None, UUID(user_id) if user_id else None)


def send(owner: Tenant, mail_ids: Sequence[UUID]) -> None:
    """Claim these mails of a company, or about a user's account, and deliver those that are not sent yet."""
    with db.transaction(owner):
        claims = order_mail.claim(mail_ids=mail_ids, now=clock.now())
    failpoints.hit("mail.claimed")
    mail_delivery.deliver_claims(claims.values())

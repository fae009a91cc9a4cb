"""Enqueueing mails and tracking their delivery, in batches.

A delivery is two short transactions around the SMTP call: `claim`, then the mailer, then `mark_sent`, `mark_refused` or
`release`. Delivery is at least once: if a process dies, or stops for longer than its lease, between its last check of
the lease and the commit of `mark_sent`, the mail is sent again. The repeated mail has the same Message-ID, by which
mail servers and readers recognize the duplicate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, update

from domain.notifications.context import AccountContext, AccountTemplate, Context, InvitationContext, Template
from domain.notifications.errors import MailNotFound
from domain.notifications.models import Mail
from kit import db
from kit.db import Json
from kit.ids import new_id
from kit.messaging import causation, outbox
from kit.messaging.tasks import task_body

LEASE = timedelta(seconds=6)
"""A claim lasts this long unless it is renewed. A mail whose sender has died waits for the rest of it."""


class ClaimedMail(NamedTuple):
    """The columns of a mail needed to send it. The claim lasts until `leased_until` (UTC).

    The row of a mail about an order has an empty `context`: the process that claims it loads the context from the
    order.
    """

    id: UUID
    company_id: UUID | None
    user_id: UUID | None
    order_id: UUID | None
    occasion: str
    recipient: str
    template: Template | AccountTemplate
    context: Mapping[str, Any]
    leased_until: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """The mail is claimed by the caller, who releases it with its `attempts`."""

    mail: ClaimedMail


@dataclass(frozen=True, slots=True)
class LeasedElsewhere:
    """Another process has claimed the mail until `until` (UTC)."""

    until: datetime


@dataclass(frozen=True, slots=True)
class AlreadyDone:
    """The mail was sent or refused already."""

    status: str


ClaimResult = Claimed | LeasedElsewhere | AlreadyDone
"""What became of an attempt to claim a mail."""


@dataclass(frozen=True, slots=True)
class MailRequest:
    """A mail about an order to enqueue, once per occasion (`order.created:<order id>`) and recipient."""

    order_id: UUID
    occasion: str
    recipient: str
    template: Template
    context: Context
    id: UUID = field(default_factory=new_id)

    def as_claimed(self, company_id: UUID, until: datetime) -> ClaimedMail:
        """Return the claimed mail once the request has been inserted."""
        return ClaimedMail(
            self.id, company_id, None, self.order_id, self.occasion, self.recipient, self.template, self.context, until,
            attempts=1,
        )  # fmt: skip


# Rows are inserted in a fixed order, so that concurrent requests for the same mails cannot deadlock.
_ENQUEUE_MAILS = """
    INSERT INTO mails (
        id, company_id, order_id, occasion, recipient, template, context, status, leased_until, attempts)
    SELECT id, %(company)s, order_id, occasion, recipient, template, '{}', 'sending', %(until)s, 1
    FROM jsonb_to_recordset(%(requests)s) AS requests (
        id uuid, order_id uuid, occasion text, recipient text, template text)
    ORDER BY occasion, recipient
    ON CONFLICT (occasion, recipient) DO NOTHING RETURNING id"""
_FIND_ENQUEUED_MAILS = """
    SELECT id, occasion, recipient FROM mails WHERE company_id = %(company)s AND occasion = ANY(%(occasions)s)
        AND (occasion, recipient) IN (SELECT * FROM unnest(%(occasions)s::text[], %(recipients)s::text[]))"""
_CLAIM_MAILS = """
    UPDATE mails SET status = 'sending', leased_until = %(until)s, attempts = attempts + 1,
        retry_at = CASE WHEN retry_at IS NOT NULL THEN %(until)s::timestamptz END
    WHERE id = ANY(%(mails)s) AND id IN (
        SELECT id FROM mails
        WHERE id = ANY(%(mails)s) AND status IN ('queued', 'sending')
            AND (leased_until IS NULL OR leased_until <= %(now)s)
        ORDER BY id FOR UPDATE)
    RETURNING id, company_id, user_id, order_id, occasion, recipient, template, context, leased_until, attempts"""
_READ_MAIL_STATES = "SELECT id, status, leased_until FROM mails WHERE id = ANY(%(mails)s)"
_RENEW_LEASES = """
    UPDATE mails SET leased_until = %(until)s,
        retry_at = CASE WHEN retry_at IS NOT NULL THEN %(until)s::timestamptz END
    FROM unnest(%(mails)s::uuid[], %(attempts)s::int[]) AS held (id, attempt)
    WHERE mails.id = ANY(%(mails)s) AND mails.id = held.id
        AND mails.status = 'sending' AND mails.attempts = held.attempt
    RETURNING mails.id"""
_MARK_SENT = """
    UPDATE mails
    SET status = 'sent', sent_at = %(now)s, leased_until = NULL, retry_at = NULL, error = NULL, context = '{}'
    WHERE id = ANY(%(mails)s) AND status <> 'sent'"""


def enqueue_and_claim(
    *, company_id: UUID, requests: Sequence[MailRequest], now: datetime
) -> dict[tuple[str, str], ClaimResult]:
    """Enqueue mails of the company and claim them for sending. Returns results by (occasion, recipient).

    Repeated and concurrent requests for a mail insert it once, and only one of them has a claim on it at a time.
    """
    distinct = {(mail.occasion, mail.recipient): mail for mail in reversed(requests)}
    rows = db.as_json([_without_context(mail) for mail in distinct.values()])
    until = now + LEASE
    new = {id_ for (id_,) in db.run(_ENQUEUE_MAILS, {"company": company_id, "requests": rows, "until": until})}
    claims: dict[tuple[str, str], ClaimResult] = {
        key: Claimed(mail.as_claimed(company_id, until)) for key, mail in distinct.items() if mail.id in new
    }
    if len(new) < len(distinct):
        occasions, recipients = zip(*(distinct.keys() - claims.keys()), strict=True)
        before = {"company": company_id, "occasions": list(occasions), "recipients": list(recipients)}
        keys = {id_: (occasion, recipient) for id_, occasion, recipient in db.run(_FIND_ENQUEUED_MAILS, before)}
        for id_, answer in claim(mail_ids=list(keys), now=now).items():
            claims[keys[id_]] = with_context(answer, distinct[keys[id_]].context)
    return claims


def _without_context(mail: MailRequest) -> Json:
    return {
        "id": mail.id, "order_id": mail.order_id, "occasion": mail.occasion, "recipient": mail.recipient,
        "template": mail.template,
    }  # fmt: skip


def with_context(claim: ClaimResult, context: Context) -> ClaimResult:
    """Return the result with the mail's context, to render it with, if the mail is claimed."""
    return Claimed(claim.mail._replace(context=context)) if isinstance(claim, Claimed) else claim


def enqueue_account_mail(
    *, user_id: UUID, recipient: str, template: AccountTemplate, context: AccountContext, occasion: str
) -> None:
    """Enqueue a mail about the current user's account. It is sent after the transaction has committed."""
    mail = Mail(
        id=new_id(), user_id=user_id, recipient=recipient, template=template, context=context, occasion=occasion
    )  # fmt: skip
    # Where the address is not registered an event is published instead, in the same time.
    _enqueue_mail(mail, like_event=True, user_id=str(user_id))


def enqueue_invitation(*, company_id: UUID, recipient: str, context: InvitationContext, occasion: str) -> None:
    """Enqueue an invitation by the current company. It is sent after the transaction has committed."""
    mail = Mail(
        id=new_id(), company_id=company_id, recipient=recipient, template="invitation", context=context,
        occasion=occasion,
    )  # fmt: skip
    _enqueue_mail(mail, company_id=str(company_id))


def _enqueue_mail(mail: Mail, *, like_event: bool = False, **owner: str) -> None:
    session = db.session()
    session.add(mail)
    session.flush()
    mail_id = str(mail.id)
    kwargs = {"mail_id": mail_id, **owner}
    task = task_body("notifications.send_mail", kwargs, task_id=mail_id, origin=causation.current_origin())
    outbox.send("task", task, company_id=mail.company_id, like_event=like_event)


def claim(*, mail_ids: Sequence[UUID], now: datetime) -> dict[UUID, ClaimResult]:
    """Claim these mails for sending until `now` + LEASE, unless they are done or claimed already.

    Returns a result for each, by id. Raises MailNotFound.
    """
    values = {"mails": list(mail_ids), "now": now, "until": now + LEASE}
    claims: dict[UUID, ClaimResult] = {row[0]: Claimed(ClaimedMail(*row)) for row in db.run(_CLAIM_MAILS, values)}
    rest = [mail_id for mail_id in mail_ids if mail_id not in claims]
    if rest:
        claims |= {
            id_: _result_if_not_claimed(status, until, now)
            for id_, status, until in db.run(_READ_MAIL_STATES, {"mails": rest})
        }
    if claims.keys() < set(mail_ids):
        raise MailNotFound
    return claims


def _result_if_not_claimed(status: str, leased_until: datetime | None, now: datetime) -> LeasedElsewhere | AlreadyDone:
    return AlreadyDone(status) if status in {"sent", "refused"} else LeasedElsewhere(leased_until or now)


def renew_leases(*, attempts: Mapping[UUID, int], now: datetime) -> dict[UUID, datetime]:
    """Extend leases of mails (id → `attempts` when claimed) until `now` + LEASE. Returns the new end by id.

    Mails that have been sent, refused or claimed by another process are left out.
    """
    until = now + LEASE
    values = {"mails": list(attempts), "attempts": list(attempts.values()), "until": until}
    return {mail_id: until for (mail_id,) in db.run(_RENEW_LEASES, values)}


def mark_sent(*, mail_ids: Sequence[UUID], now: datetime) -> None:
    """Mark mails as accepted by the mail server, even if their leases have expired."""
    db.run(_MARK_SENT, {"mails": list(mail_ids), "now": now})


def mark_refused(*, mail_id: UUID, error: str) -> None:
    """Mark a mail as undeliverable, with the error. Does nothing if the mail has been sent."""
    refused = update(Mail).where(Mail.id == mail_id, Mail.status != "sent")
    db.session().execute(
        refused.values(
            status="refused", leased_until=None, retry_at=None, error=error, context=Mail.context.op("-")("link")
        )
    )


def release(*, mail_id: UUID, attempt: int, error: str) -> None:
    """Release a claim with the error of this attempt. The next attempt is due after a delay that grows to a minute.

    `attempt` is the claimed mail's `attempts`: another process's later claim is not released.
    """
    claimed = update(Mail).where(Mail.id == mail_id, Mail.status == "sending", Mail.attempts == attempt)
    retry_at = func.now() + timedelta(seconds=min(60, 2**attempt))
    db.session().execute(claimed.values(status="queued", leased_until=None, retry_at=retry_at, error=error))

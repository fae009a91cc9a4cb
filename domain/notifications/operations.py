"""Ask for mails, and see them through their sending; one mail is a batch of one.

A sending is two short transactions around the call: `claim`, then the mailer, then `mark_sent`, `mark_refused` or
`release`. Here SMTP ends what can be promised: a process that dies, or stands still for longer than its lease,
between the last look at the lease and the commit of `mark_sent` may leave a mail that went out and is not marked, and
then it is sent again. The repeat carries the same Message-ID, by which mail stores and readers tell it for a duplicate.
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
from kit.ids import new_id
from kit.messaging import outbox
from kit.process import logs

LEASE = timedelta(seconds=6)
"""How long a claim keeps others away unless it is renewed: so long a mail waits whose sender has died."""


class ClaimedMail(NamedTuple):
    """What its sender needs of a mail's row. It is yours until `leased_until` (UTC)."""

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
    """The mail is yours to send; release it with its `attempts`."""

    mail: ClaimedMail


@dataclass(frozen=True, slots=True)
class Leased:
    """Somebody else is sending it; when it is still unsent at `until` (UTC), it may be claimed again."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """There is nothing left to do: it was sent, or refused for good."""

    status: str


Claim = Claimed | Leased | Settled


@dataclass(frozen=True, slots=True)
class Wanted:
    """A mail about an order to ask for, once per occasion (`order.created:<order id>`) and recipient."""

    order_id: UUID
    occasion: str
    recipient: str
    template: Template
    context: Context
    id: UUID = field(default_factory=new_id)

    def claimed(self, company_id: UUID, until: datetime) -> ClaimedMail:
        """The same, once it is asked for."""
        return ClaimedMail(
            self.id, company_id, None, self.order_id, self.occasion, self.recipient, self.template, self.context, until,
            attempts=1,
        )  # fmt: skip


# In one order for all, so that two who want the same at once do not wait for each other.
_ASK = """
    INSERT INTO mails (
        id, company_id, order_id, occasion, recipient, template, context, status, leased_until, due_at, attempts)
    SELECT id, %(company)s, order_id, occasion, recipient, template, context, 'sending', %(until)s, %(until)s, 1
    FROM jsonb_to_recordset(%(wanted)s) AS wanted (
        id uuid, order_id uuid, occasion text, recipient text, template text, context jsonb)
    ORDER BY occasion, recipient
    ON CONFLICT (occasion, recipient) DO NOTHING RETURNING id"""
_ASKED_BEFORE = """
    SELECT id, occasion, recipient FROM mails WHERE company_id = %(company)s AND occasion = ANY(%(occasions)s)
        AND (occasion, recipient) IN (SELECT * FROM unnest(%(occasions)s::text[], %(recipients)s::text[]))"""
_CLAIM = """
    UPDATE mails SET status = 'sending', leased_until = %(until)s, due_at = %(until)s, attempts = attempts + 1
    WHERE id = ANY(%(mails)s) AND id IN (
        SELECT id FROM mails
        WHERE id = ANY(%(mails)s) AND status IN ('queued', 'sending')
            AND (leased_until IS NULL OR leased_until <= %(now)s)
        ORDER BY id FOR UPDATE)
    RETURNING id, company_id, user_id, order_id, occasion, recipient, template, context, leased_until, attempts"""
_STANDING = "SELECT id, status, leased_until FROM mails WHERE id = ANY(%(mails)s)"
_RENEW = """
    UPDATE mails SET leased_until = %(until)s, due_at = %(until)s
    FROM unnest(%(mails)s::uuid[], %(attempts)s::int[]) AS held (id, attempt)
    WHERE mails.id = ANY(%(mails)s) AND mails.id = held.id
        AND mails.status = 'sending' AND mails.attempts = held.attempt
    RETURNING mails.id"""
_MARK_SENT = """
    UPDATE mails
    SET status = 'sent', sent_at = %(now)s, leased_until = NULL, error = NULL, context = context - 'link'
    WHERE id = ANY(%(mails)s) AND status <> 'sent'"""


def ask(*, company_id: UUID, wanted: Sequence[Wanted], now: datetime) -> dict[tuple[str, str], Claim]:
    """Ask for these mails of the company, and claim them for sending; by occasion and recipient.

    However often, and by however many at once, a mail is asked for, it is one mail, and one of them has it at a time.
    """
    distinct = {(mail.occasion, mail.recipient): mail for mail in reversed(wanted)}
    rows = db.as_json(list(distinct.values()))
    until = now + LEASE
    new = {id_ for (id_,) in db.run(_ASK, {"company": company_id, "wanted": rows, "until": until})}
    claims: dict[tuple[str, str], Claim] = {
        key: Claimed(mail.claimed(company_id, until)) for key, mail in distinct.items() if mail.id in new
    }
    if len(new) < len(distinct):
        occasions, recipients = zip(*(distinct.keys() - claims.keys()), strict=True)
        before = {"company": company_id, "occasions": list(occasions), "recipients": list(recipients)}
        keys = {id_: (occasion, recipient) for id_, occasion, recipient in db.run(_ASKED_BEFORE, before)}
        claims |= {keys[id_]: answer for id_, answer in claim(mail_ids=list(keys), now=now).items()}
    return claims


def write_to_user(
    *, user_id: UUID, recipient: str, template: AccountTemplate, context: AccountContext, occasion: str
) -> None:
    """Have a mail about their account sent to the current user, once the current transaction has committed."""
    mail = Mail(
        id=new_id(), user_id=user_id, recipient=recipient, template=template, context=context, occasion=occasion
    )  # fmt: skip
    _have_sent(mail, user_id=str(user_id))


def write_invitation(*, company_id: UUID, recipient: str, context: InvitationContext, occasion: str) -> None:
    """Have the current company invite somebody, once the current transaction has committed."""
    mail = Mail(
        id=new_id(), company_id=company_id, recipient=recipient, template="invitation", context=context,
        occasion=occasion,
    )  # fmt: skip
    _have_sent(mail, company_id=str(company_id))


def _have_sent(mail: Mail, **whose: str) -> None:
    session = db.session()
    session.add(mail)
    session.flush()
    task = {"task": "notifications.send_mail", "id": str(mail.id), "kwargs": {"mail_id": str(mail.id), **whose}}
    request_id = logs.request_id()
    outbox.send("task", {**task, "requestid": request_id} if request_id else task, company_id=mail.company_id)


def claim(*, mail_ids: Sequence[UUID], now: datetime) -> dict[UUID, Claim]:
    """Take these mails for sending until `now` + 6 seconds, but those that are settled or somebody else's; by their id.

    Raises MailNotFound.
    """
    wanted = {"mails": list(mail_ids), "now": now, "until": now + LEASE}
    claims: dict[UUID, Claim] = {row[0]: Claimed(ClaimedMail(*row)) for row in db.run(_CLAIM, wanted)}
    left = [mail_id for mail_id in mail_ids if mail_id not in claims]
    if left:
        claims |= {id_: _of_others(status, until, now) for id_, status, until in db.run(_STANDING, {"mails": left})}
    if claims.keys() < set(mail_ids):
        raise MailNotFound
    return claims


def _of_others(status: str, leased_until: datetime | None, now: datetime) -> Leased | Settled:
    return Settled(status) if status in {"sent", "refused"} else Leased(leased_until or now)


def renew(*, attempts: Mapping[UUID, int], now: datetime) -> dict[UUID, datetime]:
    """Keep claimed mails, given with their `attempts`, until `now` + 6 seconds, and say until when.

    Those that are somebody else's by now, or settled, are missing.
    """
    until = now + LEASE
    held = {"mails": list(attempts), "attempts": list(attempts.values()), "until": until}
    return {mail_id: until for (mail_id,) in db.run(_RENEW, held)}


def mark_sent(*, mail_ids: Sequence[UUID], now: datetime) -> None:
    """Record that the mail server has accepted them; that stays true whoever holds the leases by now."""
    db.run(_MARK_SENT, {"mails": list(mail_ids), "now": now})


def mark_refused(*, mail_id: UUID, error: str) -> None:
    """Record that the mail can never be delivered, and why; harmless when it was sent after all."""
    refused = update(Mail).where(Mail.id == mail_id, Mail.status != "sent")
    db.session().execute(
        refused.values(status="refused", leased_until=None, error=error, context=Mail.context.op("-")("link"))
    )


def release(*, mail_id: UUID, attempt: int, error: str) -> None:
    """Give the mail back for a later attempt, due after a pause that grows to a minute, and say why this one failed.

    `attempt` is the claimed mail's `attempts`: a lease that has passed to somebody else is left to them.
    """
    mine = update(Mail).where(Mail.id == mail_id, Mail.status == "sending", Mail.attempts == attempt)
    due_at = func.now() + timedelta(seconds=min(60, 2**attempt))
    db.session().execute(mine.values(status="queued", leased_until=None, due_at=due_at, error=error))

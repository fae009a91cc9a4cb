"""Ask for mails, and see each one through its sending.

A sending is two short transactions around the call: `claim`, then the mailer, then `mark_sent`, `mark_refused` or
`release`. Here SMTP ends what can be promised: a process that dies, or stands still for longer than its lease,
between the last look at the lease and the commit of `mark_sent` may leave a mail that went out and is not marked, and
then it is sent again. The repeat carries the same Message-ID, by which mail stores and readers tell it for a duplicate.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import bindparam, func, or_, select, update

from domain.notifications.context import AccountContext, AccountTemplate, Context, InvitationContext, Template
from domain.notifications.errors import MailNotFound
from domain.notifications.models import Mail
from kit import db, outbox
from kit.ids import new_id

LEASE = timedelta(seconds=6)
"""How long a claim keeps others away unless it is renewed: so long a mail waits whose sender has died."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The mail is yours to send; release it with its `attempts`."""

    mail: Mail


@dataclass(frozen=True, slots=True)
class Leased:
    """Somebody else is sending it; when it is still unsent at `until` (UTC), it may be claimed again."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """There is nothing left to do: it was sent, or refused for good."""

    status: str


Claim = Claimed | Leased | Settled


_ASK = """
    INSERT INTO mails (
        id, company_id, order_id, occasion, recipient, template, context, status, leased_until, due_at, attempts)
    VALUES (
        %(id)s, %(company_id)s, %(order_id)s, %(occasion)s, %(recipient)s, %(template)s, %(context)s, 'sending',
        %(leased_until)s, %(leased_until)s, 1)
    ON CONFLICT (occasion, recipient) DO NOTHING"""
_WRITTEN = ("id", "company_id", "order_id", "occasion", "recipient", "template", "leased_until")
_ASKED_BEFORE = select(Mail.id).where(
    Mail.company_id == bindparam("company"),
    Mail.occasion == bindparam("occasion"),
    Mail.recipient == bindparam("recipient"),
)
_CLAIM = (
    update(Mail)
    .where(
        Mail.id == bindparam("mail"),
        Mail.status.in_(("queued", "sending")),
        or_(Mail.leased_until.is_(None), Mail.leased_until <= bindparam("now")),
    )
    .values(
        status="sending", leased_until=bindparam("until"), due_at=bindparam("until"), attempts=Mail.attempts + 1
    )
    .returning(Mail)
    .execution_options(populate_existing=True)
)  # fmt: skip
_RENEW = """
    UPDATE mails SET leased_until = %(until)s, due_at = %(until)s
    WHERE id = %(mail)s AND status = 'sending' AND attempts = %(attempt)s"""
_MARK_SENT = """
    UPDATE mails
    SET status = 'sent', sent_at = %(now)s, leased_until = NULL, error = NULL, context = context - 'link'
    WHERE id = %(mail)s AND status <> 'sent'"""


def ask(
    *,
    company_id: UUID,
    order_id: UUID,
    occasion: str,
    recipient: str,
    template: Template,
    context: Context,
    now: datetime,
) -> Claim:
    """Ask for a mail, once per occasion (`order.created:<order id>`) and recipient, and claim it for sending.

    However often, and by however many at once, it is asked for, it is one mail, and one of them has it at a time.
    """
    mail = Mail(
        id=new_id(), company_id=company_id, order_id=order_id, occasion=occasion, recipient=recipient,
        template=template, context=context, status="sending", leased_until=now + LEASE, attempts=1,
    )  # fmt: skip
    written = {**{name: getattr(mail, name) for name in _WRITTEN}, "context": Jsonb(context)}
    if db.run(_ASK, written).rowcount:
        return Claimed(mail)
    before = {"company": company_id, "occasion": occasion, "recipient": recipient}
    return claim(mail_id=db.session().scalars(_ASKED_BEFORE, before).one(), now=now)


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
    outbox.send("task", task, company_id=mail.company_id)


def claim(*, mail_id: UUID, now: datetime) -> Claim:
    """Take the mail for sending until `now` + 6 seconds, unless it is settled or somebody else's.

    Raises MailNotFound.
    """
    mine = db.session().scalar(_CLAIM, {"mail": mail_id, "now": now, "until": now + LEASE})
    if mine is not None:
        return Claimed(mine)
    mail = db.session().get(Mail, mail_id, populate_existing=True)
    if mail is None:
        raise MailNotFound
    if mail.status in {"sent", "refused"}:
        return Settled(mail.status)
    return Leased(mail.leased_until or now)


def renew(*, mail_id: UUID, attempt: int, now: datetime) -> datetime | None:
    """Keep a claimed mail until `now` + 6 seconds and say so; None when it is somebody else's by now, or settled."""
    until = now + LEASE
    mine = db.run(_RENEW, {"mail": mail_id, "attempt": attempt, "until": until})
    return until if mine.rowcount else None


def mark_sent(*, mail_id: UUID, now: datetime) -> None:
    """Record that the mail server has accepted it; that stays true whoever holds the lease by now."""
    db.finish(_MARK_SENT, {"mail": mail_id, "now": now})


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

"""Deliver claimed mails to the mail server, and record the outcome of each."""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

import structlog

from domain.notifications import mail_queue as notifications
from domain.notifications.errors import MailDeferred, MailRefused, MailServerUnreachable
from domain.notifications.mail_queue import Claimed, ClaimedMail, ClaimResult
from domain.notifications.mailer import mailer
from domain.notifications.rendering import render
from kit import clock, db
from kit.process import failpoints, heartbeat, logs
from kit.process.outages import retry_while_database_is_down
from kit.tenancy import Tenant
from saga.deliveries.lease_renewal import Lease, renewing

log = structlog.get_logger()

RECORD_EVERY = 0.1
"""Seconds between two records of delivered mails: what was delivered since then is repeated if the process dies."""

DeliveryResult = Exception | None
"""None if the mail was delivered; otherwise why it could not be.

An error that is neither MailRefused nor MailDeferred is a defect of ours and is not recorded: the lease expires,
and the sweeper has the mail tried again.
"""


def deliver(mails: Sequence[ClaimedMail]) -> list[DeliveryResult]:
    """Deliver claimed mails one after the other, and record their outcomes before returning.

    Results are recorded every RECORD_EVERY seconds and at the end, and within two seconds by another thread, so that a
    delivered mail is recorded even while a slow server holds up the next one. An outage of the database is waited out,
    because no other process knows that the mails were delivered. When there is no mail server, the remaining mails are
    not tried.
    """
    results = _Results()
    with renewing(mails, on_renewal=results.record) as leases:
        for lease in leases:
            heartbeat.beat()
            results.add(lease.mail, results.server_unreachable or _deliver_one(lease))
            failpoints.hit("mail.accepted")
            if time.monotonic() - results.recorded_at > RECORD_EVERY:
                retry_while_database_is_down(results.record, longest_pause=0.25)
        retry_while_database_is_down(results.record, longest_pause=0.25)
    failpoints.hit("mail.recorded")
    return results.errors


def deliver_claims(claims: Iterable[ClaimResult]) -> None:
    """Deliver the claimed mails. The sweeper retries those that cannot be sent now."""
    mails = [claim.mail for claim in claims if isinstance(claim, Claimed)]
    for mail, failure in zip(mails, deliver(mails), strict=True):
        if failure and not isinstance(failure, (MailRefused, MailDeferred)):
            request_id = logs.request_id(mail.order_id)
            log.error("mail not delivered", mail=str(mail.id), request_id=request_id, exc_info=failure)


class _Results:
    """The results of the deliveries so far, and the results that are not recorded yet."""

    def __init__(self) -> None:
        self.errors: list[DeliveryResult] = []
        self.server_unreachable: MailServerUnreachable | None = None
        self.recorded_at = time.monotonic()
        self._unrecorded: dict[UUID, tuple[ClaimedMail, DeliveryResult]] = {}

    def add(self, mail: ClaimedMail, error: DeliveryResult) -> None:
        self.errors.append(error)
        self._unrecorded[mail.id] = (mail, error)
        if isinstance(error, MailServerUnreachable):
            self.server_unreachable = error

    def record(self) -> None:
        by_owner: dict[Tenant, list[tuple[ClaimedMail, DeliveryResult]]] = defaultdict(list)
        for mail, error in list(self._unrecorded.values()):
            by_owner[Tenant(mail.company_id, mail.user_id)].append((mail, error))
        for owner, results in by_owner.items():
            _record_results(owner, results)
            for mail, _ in results:
                self._unrecorded.pop(mail.id, None)  # the thread that renews leases may have recorded it, too
        self.recorded_at = time.monotonic()


def _deliver_one(lease: Lease) -> DeliveryResult:
    mail = lease.mail
    try:
        message = render(
            template=mail.template,
            context=mail.context,
            recipient=mail.recipient,
            mail_id=mail.id,
            occasion=mail.occasion,
        )
        lease.check()
        mailer().send(message)
    except Exception as error:  # noqa: BLE001 - a mail that cannot be rendered or sent must not hold up the others
        return error
    return None


def _record_results(owner: Tenant, results: Sequence[tuple[ClaimedMail, DeliveryResult]]) -> None:
    with db.transaction(owner):
        for mail, error in results:
            if isinstance(error, MailRefused):
                notifications.mark_refused(mail_id=mail.id, error=error.message)
            elif isinstance(error, MailDeferred):  # the sweeper has it tried again
                notifications.release(mail_id=mail.id, attempt=mail.attempts, error=error.message)
        sent = [mail.id for mail, error in results if error is None]
        if sent:
            notifications.mark_sent(mail_ids=sent, now=clock.now())

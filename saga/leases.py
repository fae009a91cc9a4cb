"""Keeping the claim on a mail while the mail server is spoken to: leases are short, and renewed while we live."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

import structlog

from domain.notifications import operations as notifications
from domain.notifications.errors import LeaseLost
from domain.notifications.models import Mail
from kit import clock, db
from kit.tenancy import Tenant

RENEW_EVERY = 2.0
"""Seconds; a third of a lease, so that one renewal may be late or fail."""

log = structlog.get_logger()


@dataclass(slots=True)
class Lease:
    """A claim on a mail, which is ours until `until` (UTC)."""

    mail_id: UUID
    tenant: Tenant
    attempt: int
    until: datetime

    def check(self) -> None:
        """Raise LeaseLost when it has run out: a process that stood still must not do what another has done."""
        if clock.now() >= self.until:
            raise LeaseLost


@contextmanager
def kept(mail: Mail) -> Iterator[Lease]:
    """Renew the lease of a claimed mail until the block ends."""
    assert mail.leased_until is not None
    lease = Lease(mail.id, Tenant(mail.company_id, mail.user_id), mail.attempts, mail.leased_until)
    renewed = _keeper().renewed
    renewed[lease.mail_id] = lease
    try:
        yield lease
    finally:
        del renewed[lease.mail_id]


class _Keeper:
    """Renews what is held, on a thread of its own."""

    def __init__(self) -> None:
        self.renewed: dict[UUID, Lease] = {}
        threading.Thread(target=self._run, name="leases", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(RENEW_EVERY)
            for lease in list(self.renewed.values()):
                _renew(lease)


def _renew(lease: Lease) -> None:
    try:
        with db.lean_transaction(lease.tenant):
            until = notifications.renew(mail_id=lease.mail_id, attempt=lease.attempt, now=clock.now())
    except Exception as trouble:  # noqa: BLE001 - the next renewal may succeed; if none does the lease runs out, safely
        log.warning("a lease is not renewed", mail=str(lease.mail_id), reason=str(trouble))
        return
    lease.until = until or lease.until


@cache
def _keeper() -> _Keeper:
    return _Keeper()


os.register_at_fork(after_in_child=_keeper.cache_clear)  # a thread does not survive a fork

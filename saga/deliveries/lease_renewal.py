"""Renew the leases of claimed mails while they are being delivered. A short lease expires soon after a crash."""

import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from uuid import UUID

import structlog

from domain.notifications import mail_queue as notifications
from domain.notifications.errors import LeaseLost
from domain.notifications.mail_queue import ClaimedMail
from kit import clock, db
from kit.tenancy import Tenant

RENEW_EVERY = 1.0
"""Seconds between two renewals. A sixth of a lease, so that some renewals may be late or fail."""

log = structlog.get_logger()


@dataclass(slots=True)
class Lease:
    """A claim on a mail, which expires at `until` (UTC)."""

    mail: ClaimedMail
    until: datetime

    def check(self) -> None:
        """Raise LeaseLost if the lease has expired: another process may have sent the mail by now."""
        if clock.now() >= self.until:
            raise LeaseLost


@contextmanager
def renewing(mails: Sequence[ClaimedMail], *, on_renewal: Callable[[], object] = lambda: None) -> Iterator[list[Lease]]:
    """Renew the leases of claimed mails until the block ends, on another thread, and call `on_renewal` each time.

    The first renewal comes after one to two seconds, and further ones every second: most blocks end before, and cost
    nothing.
    """
    leases = [Lease(mail, mail.leased_until) for mail in mails]
    held = _HeldLeases(leases, on_renewal)
    all_held = _renewer().held
    all_held.add(held)
    try:
        yield leases
    finally:
        all_held.remove(held)


@dataclass(frozen=True, slots=True, eq=False)
class _HeldLeases:
    """The leases that one thread holds."""

    leases: list[Lease]
    on_renewal: Callable[[], object]
    held_since: float = field(default_factory=time.monotonic)


class _Renewer:
    """Renews the leases of all threads, on a separate thread."""

    def __init__(self) -> None:
        self.held: set[_HeldLeases] = set()
        threading.Thread(target=self._run, name="lease-renewal", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(RENEW_EVERY)
            for held in list(self.held):
                if time.monotonic() - held.held_since >= RENEW_EVERY:
                    _renew(held)


def _renew(held: _HeldLeases) -> None:
    by_owner: dict[Tenant, dict[UUID, Lease]] = defaultdict(dict)
    for lease in held.leases:
        by_owner[Tenant(lease.mail.company_id, lease.mail.user_id)][lease.mail.id] = lease
    parts: list[Callable[[], object]] = [partial(_renew_leases_of, owner, leases) for owner, leases in by_owner.items()]
    for part in (*parts, held.on_renewal):
        try:
            part()
        except Exception as error:  # noqa: BLE001 - the next round may succeed; otherwise the leases expire, safely
            log.warning("could not renew leases", mails=len(held.leases), reason=str(error))


def _renew_leases_of(owner: Tenant, leases: dict[UUID, Lease]) -> None:
    attempts = {mail_id: lease.mail.attempts for mail_id, lease in leases.items()}
    with db.transaction(owner):
        renewed = notifications.renew_leases(attempts=attempts, now=clock.now())
    for mail_id, until in renewed.items():
        leases[mail_id].until = until


@cache
def _renewer() -> _Renewer:
    return _Renewer()


os.register_at_fork(after_in_child=_renewer.cache_clear)  # a thread does not survive a fork

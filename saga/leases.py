"""Keeping the claims on mails while the mail server is spoken to: leases are short, and renewed while we live."""

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

from domain.notifications import operations as notifications
from domain.notifications.errors import LeaseLost
from domain.notifications.operations import ClaimedMail
from kit import clock, db
from kit.tenancy import Tenant

RENEW_EVERY = 1.0
"""Seconds; what is in hand for longer is renewed. A sixth of a lease, so that some renewals may be late or fail."""

log = structlog.get_logger()


@dataclass(slots=True)
class Lease:
    """A claim on a mail, which is ours until `until` (UTC)."""

    mail: ClaimedMail
    until: datetime

    def check(self) -> None:
        """Raise LeaseLost when it has run out: a process that stood still must not do what another has done."""
        if clock.now() >= self.until:
            raise LeaseLost


@contextmanager
def kept(mails: Sequence[ClaimedMail], *, meanwhile: Callable[[], object] = lambda: None) -> Iterator[list[Lease]]:
    """Renew the leases of claimed mails until the block ends, and do something `meanwhile`, on another thread.

    Both after one to two seconds, and every second from then on: most are done by then, and cost nothing.
    """
    leases = [Lease(mail, mail.leased_until) for mail in mails]
    hand = _Hand(leases, meanwhile)
    hands = _keeper().hands
    hands.add(hand)
    try:
        yield leases
    finally:
        hands.remove(hand)


@dataclass(frozen=True, slots=True, eq=False)
class _Hand:
    """What one thread has in hand."""

    leases: list[Lease]
    meanwhile: Callable[[], object]
    since: float = field(default_factory=time.monotonic)


class _Keeper:
    """Keeps what is in any hand, on a thread of its own."""

    def __init__(self) -> None:
        self.hands: set[_Hand] = set()
        threading.Thread(target=self._run, name="leases", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(RENEW_EVERY)
            for hand in list(self.hands):
                if time.monotonic() - hand.since >= RENEW_EVERY:
                    _attend(hand)


def _attend(hand: _Hand) -> None:
    by_owner: dict[Tenant, dict[UUID, Lease]] = defaultdict(dict)
    for lease in hand.leases:
        by_owner[Tenant(lease.mail.company_id, lease.mail.user_id)][lease.mail.id] = lease
    parts: list[Callable[[], object]] = [partial(_renew, owner, held) for owner, held in by_owner.items()]
    for part in (*parts, hand.meanwhile):
        try:
            part()
        except Exception as trouble:  # noqa: BLE001 - the next round may succeed; or else the leases run out, safely
            log.warning("leases are not kept", mails=len(hand.leases), reason=str(trouble))


def _renew(owner: Tenant, held: dict[UUID, Lease]) -> None:
    attempts = {mail_id: lease.mail.attempts for mail_id, lease in held.items()}
    with db.transaction(owner):
        renewed = notifications.renew(attempts=attempts, now=clock.now())
    for mail_id, until in renewed.items():
        held[mail_id].until = until


@cache
def _keeper() -> _Keeper:
    return _Keeper()


os.register_at_fork(after_in_child=_keeper.cache_clear)  # a thread does not survive a fork

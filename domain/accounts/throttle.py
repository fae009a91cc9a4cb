"""Throttling: attempts with an exponentially growing delay (Backoff), and quotas within a time window (Quota)."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from domain.accounts.models import AttemptCounter
from kit import db, tenancy
from kit.errors import TooManyRequests

RESET_AFTER = timedelta(hours=24)
"""The count of attempts is reset this long after the last one."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long a user has to wait before another attempt.

    `free_attempts` can be made without waiting. The wait before the next attempt is `first_delay`; each further attempt
    doubles it, up to `max_delay`. `per_mailbox`: email addresses of one mailbox count as one.
    """

    name: str
    free_attempts: int
    first_delay: timedelta
    max_delay: timedelta
    per_mailbox: bool = False

    def delay_after(self, attempts: int) -> timedelta:
        """Return the delay after this number of attempts."""
        if attempts < self.free_attempts:
            return timedelta()
        doublings = min(attempts - self.free_attempts, 30)
        return min(self.max_delay, self.first_delay * (1 << doublings))


PASSWORD_ATTEMPTS = Backoff(
    "password", free_attempts=5, first_delay=timedelta(seconds=1), max_delay=timedelta(minutes=15)
)
"""Per account and network address: guesses from elsewhere do not lock the user out."""

MAIL_REQUESTS = Backoff(
    "mail", free_attempts=3, first_delay=timedelta(minutes=1), max_delay=timedelta(hours=1), per_mailbox=True
)
"""Mails that anyone can have sent to an address, such as password resets."""


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `limit` uses within any time window of this length; `message` says so to the user.

    `per_mailbox`: email addresses of one mailbox count as one.
    """

    name: str
    message: str
    limit: int
    window: timedelta
    per_mailbox: bool = True


WRONG_SECOND_FACTOR_CODES = Quota(
    "wrong-codes", "There were 10 wrong codes within an hour", limit=10, window=timedelta(hours=1), per_mailbox=False
)
"""Per account, from any network address. Of a million possible codes, three are valid at a time."""


def count_attempt(backoff: Backoff, *subject: str, now: datetime) -> timedelta:
    """Count an attempt before it is made, so that parallel attempts count, too. Returns how long to wait first.

    The attempt is allowed only if this time is zero. An attempt that must wait is not counted.
    """
    attempts = _lock_attempts(_key(backoff, subject), now)
    if attempts.next_allowed_at > now:
        return attempts.next_allowed_at - now
    if now - attempts.last_at > RESET_AFTER:
        attempts.count = 0
    attempts.count += 1
    attempts.last_at, attempts.next_allowed_at = now, now + backoff.delay_after(attempts.count)
    db.session().flush()
    return timedelta()


def consume(quota: Quota, *subject: str, now: datetime) -> None:
    """Count a use against the quota in the current transaction; raises TooManyRequests when the quota is used up.

    Concurrent transactions wait for each other, so that they cannot share the last use.
    """
    attempts = require_quota(quota, *subject, now=now)
    attempts.recent_uses, attempts.last_at = [at for at in attempts.recent_uses if at > now - quota.window] + [now], now
    db.session().flush()


def require_quota(quota: Quota, *subject: str, now: datetime) -> AttemptCounter:
    """Raise TooManyRequests when the quota is used up. Returns the uses so far, locked until the transaction ends."""
    attempts = _lock_attempts(_key(quota, subject), now)
    recent = [at for at in attempts.recent_uses if at > now - quota.window]
    if len(recent) >= quota.limit:
        raise TooManyRequests(quota.message, wait=recent[-quota.limit] + quota.window - now)
    return attempts


def reset(backoff: Backoff, *subject: str, now: datetime) -> None:
    """Reset the count after a successful attempt."""
    session, key = db.session(), _key(backoff, subject)
    tenancy.reveal_attempt_counter(session, key)
    session.execute(update(AttemptCounter).where(AttemptCounter.key == key).values(count=0, next_allowed_at=now))


def mailbox(address: str) -> str:
    """Return the address without its subaddress: most providers deliver `a+x@` to `a@`.

    For counting only, because not every provider does so (RFC 5233 leaves it to them).
    """
    local, at, domain = address.rpartition("@")
    return local.partition("+")[0] + at + domain if at else address


def _lock_attempts(key: bytes, now: datetime) -> AttemptCounter:
    session = db.session()
    tenancy.reveal_attempt_counter(session, key)
    first = insert(AttemptCounter).values(key=key, count=0, last_at=now, next_allowed_at=now)
    session.execute(first.on_conflict_do_nothing())
    return session.get_one(AttemptCounter, key, with_for_update=True, populate_existing=True)


def _key(limit: Backoff | Quota, subject: tuple[str, ...]) -> bytes:
    parts = map(mailbox, subject) if limit.per_mailbox else subject
    return hashlib.sha256("\0".join((limit.name, *parts)).encode(errors="surrogatepass")).digest()

"""How often something may be done: attempts that wait longer and longer, and quotas within a time span."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from domain.identity.models import Attempts
from kit import db, tenancy
from kit.errors import TooManyRequests

FORGOTTEN_AFTER = timedelta(hours=24)
"""How long after the last attempt one begins anew."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How many attempts are free, and the first and the longest pause after them; each is twice the one before.

    `per_mailbox`: mail addresses that lead to one mailbox count as one.
    """

    name: str
    free: int
    first: timedelta
    longest: timedelta
    per_mailbox: bool = False

    def pause(self, attempts: int) -> timedelta:
        """How long to wait after so many attempts."""
        if attempts < self.free:
            return timedelta()
        doublings = min(attempts - self.free, 30)
        return min(self.longest, self.first * (1 << doublings))


PASSWORD = Pace("password", free=5, first=timedelta(seconds=1), longest=timedelta(minutes=15))
"""For an account from one address: whoever guesses elsewhere keeps nobody out here."""

MAIL = Pace("mail", free=3, first=timedelta(minutes=1), longest=timedelta(hours=1), per_mailbox=True)
"""For mails that anybody can have sent to an address."""


@dataclass(frozen=True, slots=True)
class Quota:
    """At most so many uses within any span of that length, in words `what`. One mailbox counts as one user."""

    name: str
    what: str
    most: int
    within: timedelta
    per_mailbox: bool = True


INVITATIONS_OF_A_SENDER = Quota(
    "invitations-sender", "You may send 20 invitations an hour", most=20, within=timedelta(hours=1)
)
INVITATIONS_OF_A_COMPANY = Quota(
    "invitations-company", "A company may send 50 invitations an hour", most=50, within=timedelta(hours=1)
)
WRONG_CODES = Quota(
    "wrong-codes", "There were 10 wrong codes within an hour", most=10, within=timedelta(hours=1), per_mailbox=False
)
"""Of a second factor, for an account, from whatever address: of a million codes, three are good at a time."""
NEW_COMPANIES = Quota("new-companies", "You may found 3 companies a day", most=3, within=timedelta(days=1))


def attempt(pace: Pace, *who: str, now: datetime) -> timedelta:
    """Count an attempt before it is made, so that many at once gain nothing; how long to wait before it may be.

    While one has to wait nothing is counted, and nothing may be tried.
    """
    made = _locked(_key(pace, who), now)
    if made.next_at > now:
        return made.next_at - now
    if now - made.last_at > FORGOTTEN_AFTER:
        made.count = 0
    made.count += 1
    made.last_at, made.next_at = now, now + pace.pause(made.count)
    db.session().flush()
    return timedelta()


def use(quota: Quota, *who: str, now: datetime) -> None:
    """Count a use against the quota, in the current transaction; raises TooManyRequests when none is left.

    Uses at once wait for each other, so that they cannot share the last one.
    """
    made = refuse_used_up(quota, *who, now=now)
    made.times, made.last_at = [at for at in made.times if at > now - quota.within] + [now], now
    db.session().flush()


def refuse_used_up(quota: Quota, *who: str, now: datetime) -> Attempts:
    """Raise TooManyRequests when nothing is left of the quota; the uses so far, locked until the transaction ends."""
    made = _locked(_key(quota, who), now)
    recent = [at for at in made.times if at > now - quota.within]
    if len(recent) >= quota.most:
        raise TooManyRequests(quota.what, wait=recent[-quota.most] + quota.within - now)
    return made


def forget(pace: Pace, *who: str, now: datetime) -> None:
    """Begin anew: it has succeeded."""
    session, key = db.session(), _key(pace, who)
    tenancy.reveal_attempts(session, key)
    session.execute(update(Attempts).where(Attempts.key == key).values(count=0, next_at=now))


def mailbox(address: str) -> str:
    """The address without what stands between a `+` and the `@`: most providers deliver a+x@ to a@.

    For counting only, for not all do (RFC 5233 leaves it to them).
    """
    local, at, domain = address.rpartition("@")
    return local.partition("+")[0] + at + domain if at else address


def _locked(key: bytes, now: datetime) -> Attempts:
    session = db.session()
    tenancy.reveal_attempts(session, key)
    fresh = insert(Attempts).values(key=key, count=0, last_at=now, next_at=now)
    session.execute(fresh.on_conflict_do_nothing())
    return session.get_one(Attempts, key, with_for_update=True, populate_existing=True)


def _key(limit: Pace | Quota, who: tuple[str, ...]) -> bytes:
    counted = map(mailbox, who) if limit.per_mailbox else who
    return hashlib.sha256("\0".join((limit.name, *counted)).encode(errors="surrogatepass")).digest()

"""Slowing down who tries too often: a few attempts are free, then each waits for twice as long as the one before."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from domain.identity.models import Attempts
from kit import db

FORGOTTEN_AFTER = timedelta(hours=24)
"""How long after the last attempt one begins anew."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How many attempts are free, and the first and the longest pause after them."""

    name: str
    free: int
    first: timedelta
    longest: timedelta

    def pause(self, attempts: int) -> timedelta:
        """How long to wait after so many attempts."""
        if attempts < self.free:
            return timedelta()
        doublings = min(attempts - self.free, 30)
        return min(self.longest, self.first * (1 << doublings))


PASSWORD = Pace("password", free=5, first=timedelta(seconds=1), longest=timedelta(minutes=15))
"""For an account from one address: whoever guesses elsewhere keeps nobody out here."""

MAIL = Pace("mail", free=3, first=timedelta(minutes=1), longest=timedelta(hours=1))
"""For mails that anybody can have sent to an address."""


def attempt(pace: Pace, *who: str, now: datetime) -> timedelta:
    """Count an attempt before it is made, so that many at once gain nothing; how long to wait before it may be.

    While one has to wait nothing is counted, and nothing may be tried.
    """
    session, key = db.session(), _key(pace, who)
    fresh = insert(Attempts).values(key=key, count=0, last_at=now, next_at=now)
    session.execute(fresh.on_conflict_do_nothing())
    made = session.get_one(Attempts, key, with_for_update=True, populate_existing=True)
    if made.next_at > now:
        return made.next_at - now
    if now - made.last_at > FORGOTTEN_AFTER:
        made.count = 0
    made.count += 1
    made.last_at, made.next_at = now, now + pace.pause(made.count)
    session.flush()
    return timedelta()


def forget(pace: Pace, *who: str, now: datetime) -> None:
    """Begin anew: it has succeeded."""
    made = update(Attempts).where(Attempts.key == _key(pace, who))
    db.session().execute(made.values(count=0, next_at=now))


def _key(pace: Pace, who: tuple[str, ...]) -> bytes:
    return hashlib.sha256("\0".join((pace.name, *who)).encode(errors="surrogatepass")).digest()

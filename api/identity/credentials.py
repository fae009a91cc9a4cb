"""Who somebody is, by their password: guessing is slow, and tells nothing of who is registered."""

from flask import request

from domain.identity import operations, pace, passwords, queries, second_factor
from domain.identity.errors import WrongCode, WrongCredentials
from domain.identity.models import User
from domain.identity.pace import PASSWORD
from kit import clock, db
from kit.errors import TooManyRequests
from kit.tenancy import Tenant


def proven(email: str, password: str) -> User:
    """The user with this mail address and password; raises TooManyRequests, WrongCredentials.

    No transaction may be open: hashing is slow on purpose, and would keep a connection from others.
    """
    user = _known(email, password)
    _forgive(email)
    return user


def admitted(email: str, password: str, code: str | None) -> User:
    """The user with this mail address and password, and this code if they have a second factor.

    Raises TooManyRequests, WrongCredentials, SecondFactorNeeded, WrongCode. No transaction may be open.
    """
    user = _known(email, password)
    with db.transaction(Tenant(user_id=user.id)):
        is_right = second_factor.accepts(user_id=user.id, code=code, now=clock.now())
    if not is_right:
        raise WrongCode
    _forgive(email)
    return user


def _known(email: str, password: str) -> User:
    with db.transaction(Tenant()):
        wait = pace.attempt(PASSWORD, *_who(email), now=clock.now())
        user = queries.user_by_email(email=email)
    if wait:
        raise TooManyRequests(wait=wait)
    if not passwords.fits(password, user.password_hash if user else None) or user is None:
        raise WrongCredentials
    return _rehashed(user, password) if passwords.is_outdated(password, user.password_hash) else user


def _rehashed(user: User, password: str) -> User:
    """The user, with the password under a hash of today's effort; raises WrongCredentials if it is no longer theirs."""
    better = passwords.hashed(password)
    with db.transaction(Tenant(user_id=user.id)):
        operations.rehash(user_id=user.id, before=user.password_hash, after=better)
        kept = queries.the_user(user_id=user.id)
    if kept.password_hash != better and not passwords.fits(password, kept.password_hash):
        raise WrongCredentials
    return kept


def _forgive(email: str) -> None:
    with db.transaction(Tenant()):
        pace.forget(PASSWORD, *_who(email), now=clock.now())


def _who(email: str) -> tuple[str, str]:
    return email, request.remote_addr or ""

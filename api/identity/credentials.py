"""Who somebody is, by their password: guessing is slow, and tells nothing of who is registered."""

from flask import request

from domain.identity import operations, passwords, queries, second_factor, throttle
from domain.identity.errors import InvalidCredentials, InvalidSecondFactorCode
from domain.identity.models import User
from domain.identity.throttle import PASSWORD_ATTEMPTS
from kit import clock, db
from kit.errors import TooManyRequests
from kit.tenancy import Tenant


def proven(email: str, password: str) -> User:
    """The user with this mail address and password; raises TooManyRequests, InvalidCredentials.

    No transaction may be open: hashing is slow on purpose, and would keep a connection from others.
    """
    user = _known(email, password)
    _forgive(email)
    return user


def admitted(email: str, password: str, code: str | None) -> User:
    """The user with this mail address and password, and this code if they have a second factor.

    Raises TooManyRequests, InvalidCredentials, SecondFactorRequired, InvalidSecondFactorCode. No transaction may be
    open.
    """
    user = _known(email, password)
    with db.transaction(Tenant(user_id=user.id)):
        is_right = second_factor.verify_code(user_id=user.id, code=code, now=clock.now())
    if not is_right:
        raise InvalidSecondFactorCode
    _forgive(email)
    return user


def _known(email: str, password: str) -> User:
    with db.transaction(Tenant()):
        wait = throttle.count_attempt(PASSWORD_ATTEMPTS, *_who(email), now=clock.now())
        user = queries.user_by_email(email=email)
    if wait:
        raise TooManyRequests(wait=wait)
    if not passwords.matches(password, user.password_hash if user else None) or user is None:
        raise InvalidCredentials
    return _rehashed(user, password) if passwords.needs_rehash(password, user.password_hash) else user


def _rehashed(user: User, password: str) -> User:
    """The user, with the password rehashed where the hash is outdated; raises InvalidCredentials if it has changed."""
    better = passwords.hash_password(password)
    with db.transaction(Tenant(user_id=user.id)):
        operations.rehash(user_id=user.id, old_hash=user.password_hash, new_hash=better)
        kept = queries.the_user(user_id=user.id)
    if kept.password_hash != better and not passwords.matches(password, kept.password_hash):
        raise InvalidCredentials
    return kept


def _forgive(email: str) -> None:
    with db.transaction(Tenant()):
        throttle.reset(PASSWORD_ATTEMPTS, *_who(email), now=clock.now())


def _who(email: str) -> tuple[str, str]:
    return email, request.remote_addr or ""

"""Authentication by password and second factor. Attempts are throttled, and errors do not reveal who is registered."""

from flask import request

from domain.accounts import failed_logins, passwords, queries, second_factor, throttle, users
from domain.accounts.errors import InvalidCredentials, InvalidSecondFactorCode
from domain.accounts.models import User
from domain.accounts.throttle import PASSWORD_ATTEMPTS
from kit import clock, db
from kit.errors import TooManyRequests
from kit.tenancy import Tenant


def verify_password(email: str, password: str) -> User:
    """The user with this mail address and password; raises TooManyRequests, InvalidCredentials.

    Call it outside transactions: hashing is slow on purpose, and a transaction would occupy a connection meanwhile.
    """
    user = _check_password(email, password)
    _clear_attempts(email)
    return user


def authenticate(email: str, password: str, code: str | None) -> User:
    """The user with this mail address and password, and with this code if they have a second factor.

    Raises TooManyRequests, InvalidCredentials, SecondFactorRequired, InvalidSecondFactorCode. Call it outside
    transactions.
    """
    user = _check_password(email, password)
    with db.transaction(Tenant(user_id=user.id)):
        is_right = second_factor.verify_code(user_id=user.id, code=code, now=clock.now())
    if not is_right:
        raise InvalidSecondFactorCode
    _clear_attempts(email)
    return user


def _check_password(email: str, password: str) -> User:
    with db.transaction(Tenant()):
        wait = throttle.count_attempt(PASSWORD_ATTEMPTS, *_throttle_keys(email), now=clock.now())
        user = queries.user_by_email(email=email)
    if wait:
        raise TooManyRequests(wait=wait)
    if not passwords.matches(password, user.password_hash if user else None) or user is None:
        with db.transaction(Tenant()):
            failed_logins.announce_wrong_password(email=email, user_id=user.id if user else None)
        raise InvalidCredentials
    return _rehash(user, password) if passwords.needs_rehash(password, user.password_hash) else user


def _rehash(user: User, password: str) -> User:
    """Rehash the password with the current parameters; raises InvalidCredentials if it has changed meanwhile."""
    new_hash = passwords.hash_password(password)
    with db.transaction(Tenant(user_id=user.id)):
        users.rehash(user_id=user.id, old_hash=user.password_hash, new_hash=new_hash)
        current = queries.the_user(user_id=user.id)
    if current.password_hash != new_hash and not passwords.matches(password, current.password_hash):
        raise InvalidCredentials
    return current


def _clear_attempts(email: str) -> None:
    """Forget the failed attempts: the password was right, so they no longer count against the limits."""
    with db.transaction(Tenant()):
        throttle.reset(PASSWORD_ATTEMPTS, *_throttle_keys(email), now=clock.now())


def _throttle_keys(email: str) -> tuple[str, str]:
    return email, request.remote_addr or ""

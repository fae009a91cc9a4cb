"""Who somebody is, by their password: guessing is slow, and tells nothing of who is registered."""

from flask import request

from domain.identity import operations, pace, passwords, queries
from domain.identity.errors import WrongCredentials
from domain.identity.models import User
from domain.identity.pace import PASSWORD
from kit import clock, db
from kit.errors import TooOften
from kit.tenancy import Tenant


def proven(email: str, password: str) -> User:
    """The user with this mail address and password; raises TooOften, WrongCredentials.

    No transaction may be open: hashing is slow on purpose, and would keep a connection from others.
    """
    who, now = (email, request.remote_addr or ""), clock.now()
    with db.transaction(Tenant()):
        wait = pace.attempt(PASSWORD, *who, now=now)
        user = queries.user_by_email(email=email)
    if wait:
        raise TooOften(wait=wait)
    if not passwords.fits(password, user.password_hash if user else None) or user is None:
        raise WrongCredentials
    better = passwords.hashed(password) if passwords.is_outdated(user.password_hash) else None
    with db.transaction(Tenant(user_id=user.id)):
        pace.forget(PASSWORD, *who, now=now)
        if better:
            operations.rehash(user_id=user.id, before=user.password_hash, after=better)
    return user

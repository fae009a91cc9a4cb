"""Second factor: codes from an authenticator app (TOTP, RFC 6238), and recovery codes in case the app is lost."""

import base64
import hmac
import secrets
from datetime import datetime
from uuid import UUID

import pyotp
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.accounts import throttle
from domain.accounts.errors import SecondFactorAlreadyEnabled, SecondFactorRequired
from domain.accounts.events import (
    LOGIN_FAILED,
    RECOVERY_CODE_USED,
    SECOND_FACTOR_DISABLED,
    SECOND_FACTOR_ENABLED,
    LoginFailed,
    UserId,
)
from domain.accounts.models import RecoveryCode, SecondFactor
from domain.accounts.throttle import WRONG_SECOND_FACTOR_CODES
from kit import db, encryption, secret_tokens
from kit.messaging import events

RECOVERY_CODES = 10
_STEP = 30
"""Seconds that a code is valid. The previous and the next code are accepted, too, because clocks differ (RFC 6238,
section 5.2)."""
_PURPOSE = "second factors"


def start_enrolment(*, user_id: UUID) -> str:
    """Store and return a new secret (base32) for the current user's authenticator app. It counts once confirmed.

    Raises SecondFactorAlreadyEnabled.
    """
    secret = pyotp.random_base32()
    encrypted = encryption.encrypt(secret, purpose=_PURPOSE)
    first = insert(SecondFactor).values(user_id=user_id, secret=encrypted, last_step=0)
    another = first.on_conflict_do_update(
        index_elements=[SecondFactor.user_id], set_={"secret": encrypted}, where=SecondFactor.confirmed_at.is_(None)
    )
    if db.session().scalar(another.returning(SecondFactor.user_id)) is None:
        raise SecondFactorAlreadyEnabled
    return secret


def confirm_enrolment(*, user_id: UUID, code: str, now: datetime) -> list[str] | None:
    """Enable the second factor with a code from the app. Returns the recovery codes, of which only hashes are stored.

    Returns None for a wrong code, which is counted, so the transaction must be committed. Raises
    SecondFactorAlreadyEnabled, and TooManyRequests after ten wrong codes within an hour.
    """
    factor = _lock_factor(user_id)
    if factor is not None and factor.confirmed_at:
        raise SecondFactorAlreadyEnabled
    throttle.require_quota(WRONG_SECOND_FACTOR_CODES, str(user_id), now=now)
    if factor is None or not _use_app_code(factor, code, now):
        throttle.consume(WRONG_SECOND_FACTOR_CODES, str(user_id), now=now)
        return None
    factor.confirmed_at = now
    session, codes = db.session(), [_new_recovery_code() for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(hash=_hash(user_id, each), user_id=user_id) for each in codes)
    session.flush()
    events.publish(SECOND_FACTOR_ENABLED, UserId(user_id), subject=user_id, company_id=None)
    return codes


def verify_code(*, user_id: UUID, code: str | None, now: datetime) -> bool:
    """Check a code from the current user's app or a recovery code. Each is valid once. True for users without a factor.

    A wrong code is counted, so the transaction must be committed. Raises SecondFactorRequired when `code` is None, and
    TooManyRequests after ten wrong codes within an hour, even for a right one.
    """
    factor = _lock_factor(user_id)
    if factor is None or factor.confirmed_at is None:
        return True
    if code is None:
        raise SecondFactorRequired
    throttle.require_quota(WRONG_SECOND_FACTOR_CODES, str(user_id), now=now)
    is_right = _use_app_code(factor, code, now) or _use_recovery_code(user_id, code, now)
    if not is_right:
        throttle.consume(WRONG_SECOND_FACTOR_CODES, str(user_id), now=now)
        events.publish(LOGIN_FAILED, LoginFailed(user_id, "wrong_code"), subject=user_id, company_id=None)
    db.session().flush()
    return is_right


def recovery_codes_remaining(*, user_id: UUID) -> int | None:
    """Count the current user's unused recovery codes; None without a second factor."""
    factor = db.session().get(SecondFactor, user_id)
    if factor is None or factor.confirmed_at is None:
        return None
    unused = select(func.count()).select_from(RecoveryCode).filter_by(user_id=user_id, used_at=None)
    return db.session().scalar(unused)


def disable(*, user_id: UUID) -> None:
    """Delete the current user's second factor and recovery codes."""
    session = db.session()
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    disabled = delete(SecondFactor).where(SecondFactor.user_id == user_id).returning(SecondFactor.confirmed_at)
    if session.scalar(disabled) is not None:
        events.publish(SECOND_FACTOR_DISABLED, UserId(user_id), subject=user_id, company_id=None)


def _lock_factor(user_id: UUID) -> SecondFactor | None:
    return db.session().get(SecondFactor, user_id, with_for_update=True, populate_existing=True)


def _use_app_code(factor: SecondFactor, code: str, now: datetime) -> bool:
    """Return whether an app code is right. A right code is used up: it cannot be used again."""
    app, current = pyotp.TOTP(encryption.decrypt(factor.secret, purpose=_PURPOSE)), int(now.timestamp()) // _STEP
    for step in range(max(current - 1, factor.last_step + 1), current + 2):
        if hmac.compare_digest(app.generate_otp(step).encode(), code.encode(errors="replace")):
            factor.last_step = step
            return True
    return False


def _use_recovery_code(user_id: UUID, code: str, now: datetime) -> bool:
    unused = update(RecoveryCode).where(RecoveryCode.hash == _hash(user_id, code), RecoveryCode.used_at.is_(None))
    is_right = db.session().scalar(unused.values(used_at=now).returning(RecoveryCode.hash)) is not None
    if is_right:
        events.publish(RECOVERY_CODE_USED, UserId(user_id), subject=user_id, company_id=None)
    return is_right


def _new_recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(10)).decode()
    return "-".join(text[place : place + 4] for place in range(0, len(text), 4))


def _hash(user_id: UUID, code: str) -> bytes:
    return secret_tokens.hash_of(f"{user_id}{code.upper().replace('-', '').replace(' ', '')}")

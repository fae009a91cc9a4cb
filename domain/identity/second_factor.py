"""A second factor: codes by an authenticator app (TOTP, RFC 6238), and recovery codes for when it is lost."""

import base64
import hmac
import secrets
from datetime import datetime
from uuid import UUID

import pyotp
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.identity import pace
from domain.identity.errors import SecondFactorNeeded, SecondFactorOn
from domain.identity.models import RecoveryCode, SecondFactor
from domain.identity.pace import WRONG_CODES
from kit import db, encryption, secret_tokens

RECOVERY_CODES = 10
_STEP = 30
"""Seconds a code is shown; one before and one after are taken, too, for clocks differ (RFC 6238, section 5.2)."""
_PURPOSE = "second factors"


def begin(*, user_id: UUID) -> str:
    """A new secret for the current user's app (base32), which counts once it is confirmed; raises SecondFactorOn."""
    secret = pyotp.random_base32()
    encrypted = encryption.encrypt(secret, purpose=_PURPOSE)
    first = insert(SecondFactor).values(user_id=user_id, secret=encrypted, last_step=0)
    another = first.on_conflict_do_update(
        index_elements=[SecondFactor.user_id], set_={"secret": encrypted}, where=SecondFactor.confirmed_at.is_(None)
    )
    if db.session().scalar(another.returning(SecondFactor.user_id)) is None:
        raise SecondFactorOn
    return secret


def confirm(*, user_id: UUID, code: str, now: datetime) -> list[str] | None:
    """Switch it on, once the app shows the right code; the recovery codes, which nobody can tell a second time.

    None for a wrong code: it is counted, so this must be committed, too. Raises SecondFactorOn; TooManyRequests
    after ten wrong codes within an hour.
    """
    factor = _of(user_id)
    if factor is not None and factor.confirmed_at:
        raise SecondFactorOn
    pace.refuse_used_up(WRONG_CODES, str(user_id), now=now)
    if factor is None or not _fits(factor, code, now):
        pace.use(WRONG_CODES, str(user_id), now=now)
        return None
    factor.confirmed_at = now
    session, codes = db.session(), [_new_recovery_code() for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(hash=_hash(user_id, each), user_id=user_id) for each in codes)
    session.flush()
    return codes


def accepts(*, user_id: UUID, code: str | None, now: datetime) -> bool:
    """Whether this is a code of the current user's app or a recovery code, each good once, or they need none.

    A wrong code is counted, so this must be committed, too. Raises SecondFactorNeeded when there is none;
    TooManyRequests after ten wrong codes within an hour, whatever the code.
    """
    factor = _of(user_id)
    if factor is None or factor.confirmed_at is None:
        return True
    if code is None:
        raise SecondFactorNeeded
    pace.refuse_used_up(WRONG_CODES, str(user_id), now=now)
    is_right = _fits(factor, code, now) or _recovers(user_id, code, now)
    if not is_right:
        pace.use(WRONG_CODES, str(user_id), now=now)
    db.session().flush()
    return is_right


def recovery_codes_left(*, user_id: UUID) -> int | None:
    """How many of the current user's recovery codes are unused; None when it is not on."""
    factor = db.session().get(SecondFactor, user_id)
    if factor is None or factor.confirmed_at is None:
        return None
    unused = select(func.count()).select_from(RecoveryCode).filter_by(user_id=user_id, used_at=None)
    return db.session().scalar(unused)


def switch_off(*, user_id: UUID) -> None:
    """Forget the current user's second factor."""
    for table in (RecoveryCode, SecondFactor):
        db.session().execute(delete(table).where(table.user_id == user_id))


def _of(user_id: UUID) -> SecondFactor | None:
    return db.session().get(SecondFactor, user_id, with_for_update=True, populate_existing=True)


def _fits(factor: SecondFactor, code: str, now: datetime) -> bool:
    """Whether it is a code of now that was not used before; it is used up."""
    app, current = pyotp.TOTP(encryption.decrypt(factor.secret, purpose=_PURPOSE)), int(now.timestamp()) // _STEP
    for step in range(max(current - 1, factor.last_step + 1), current + 2):
        if hmac.compare_digest(app.generate_otp(step).encode(), code.encode(errors="replace")):
            factor.last_step = step
            return True
    return False


def _recovers(user_id: UUID, code: str, now: datetime) -> bool:
    unused = update(RecoveryCode).where(RecoveryCode.hash == _hash(user_id, code), RecoveryCode.used_at.is_(None))
    return db.session().scalar(unused.values(used_at=now).returning(RecoveryCode.hash)) is not None


def _new_recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(10)).decode()
    return "-".join(text[place : place + 4] for place in range(0, len(text), 4))


def _hash(user_id: UUID, code: str) -> bytes:
    return secret_tokens.hash_of(f"{user_id}{code.upper().replace('-', '').replace(' ', '')}")

"""The tenant of a transaction. PostgreSQL's row-level security policies read it from the session settings set here."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Tenant:
    """The company whose rows a transaction may touch, and its user. With neither set, no tenant's rows are visible."""

    company_id: UUID | None = None
    user_id: UUID | None = None


SET_TENANT = """
    SELECT set_config('orderx.company_id', %(company)s, true), set_config('orderx.user_id', %(user)s, true)"""
"""Sets the tenant for the rest of the transaction; parameters from `as_params`."""
_BEGIN = b"BEGIN"
_BEGIN_WITH_TENANT = "BEGIN; SET LOCAL orderx.company_id = '%s'; SET LOCAL orderx.user_id = '%s'"
_REVEAL_ROW = text("SELECT set_config('orderx.' || :setting, :value, true)")


def as_params(tenant: Tenant) -> dict[str, str]:
    """The tenant as parameters of SET_TENANT."""
    return {"company": str(tenant.company_id or ""), "user": str(tenant.user_id or "")}


def begin_sql(tenant: Tenant | None) -> bytes:
    """The BEGIN that also sets the tenant. With None no tenant's rows are visible until SET_TENANT has run."""
    if tenant is None:
        return _BEGIN
    # Safe to interpolate: the hexadecimal form of a UUID holds no other characters.
    return (_BEGIN_WITH_TENANT % tuple(id_.hex if id_ else "" for id_ in (tenant.company_id, tenant.user_id))).encode()


def reveal_shop(session: Session, shop_id: UUID) -> None:
    """Make this one shop visible for the rest of the transaction, whichever company it belongs to."""
    session.execute(_REVEAL_ROW, {"setting": "shop_id", "value": str(shop_id)})


def reveal_shop_by_slug(session: Session, slug: str) -> None:
    """Make the shop with this slug visible for the rest of the transaction, whichever company it belongs to."""
    session.execute(_REVEAL_ROW, {"setting": "shop_slug", "value": slug})


def reveal_user_by_email(session: Session, email: str) -> None:
    """Make the user with this email address visible for the rest of the transaction, for login and registration."""
    session.execute(_REVEAL_ROW, {"setting": "email", "value": email})


def reveal_by_token(session: Session, token_hash: bytes) -> None:
    """Make the row that stores this token hash visible for the rest of the transaction, to redeem the token."""
    session.execute(_REVEAL_ROW, {"setting": "token", "value": token_hash.hex()})


def reveal_attempt_counter(session: Session, key: bytes) -> None:
    """Make the attempt counter with this key visible, until the next call in the same transaction."""
    session.execute(_REVEAL_ROW, {"setting": "attempt_key", "value": key.hex()})

"""Who a transaction acts for. PostgreSQL's row-level security reads it and is the wall between companies."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Tenant:
    """The company whose rows a transaction may touch, and the user it acts for. Neither set: nothing is visible."""

    company_id: UUID | None = None
    user_id: UUID | None = None


ACT_FOR = """
    SELECT set_config('orderx.company_id', %(company)s, true), set_config('orderx.user_id', %(user)s, true)"""
_BEGIN = b"BEGIN"
_BEGIN_FOR = "BEGIN; SET LOCAL orderx.company_id = '%s'; SET LOCAL orderx.user_id = '%s'"
_REVEAL = text("SELECT set_config('orderx.' || :what, :value, true)")


def named(tenant: Tenant) -> dict[str, str]:
    """The tenant as ACT_FOR takes it; after that the transaction sees the tenant's rows, and no others."""
    return {"company": str(tenant.company_id or ""), "user": str(tenant.user_id or "")}


def beginning(tenant: Tenant | None) -> bytes:
    """The message that begins a transaction for the tenant; with none, it sees nothing until it is told of one."""
    if tenant is None:
        return _BEGIN
    # Hexadecimal digits only a UUID has to give: nothing else gets into the statement.
    return (_BEGIN_FOR % tuple(one.hex if one else "" for one in (tenant.company_id, tenant.user_id))).encode()


def visit(session: Session, shop_id: UUID) -> None:
    """Let the rest of this transaction see this one shop, whoever owns it, as a passer-by sees its front."""
    session.execute(_REVEAL, {"what": "shop_id", "value": str(shop_id)})


def identify(session: Session, email: str) -> None:
    """Let the rest of this transaction see the one user with this mail address, for logging in and registering."""
    session.execute(_REVEAL, {"what": "email", "value": email})


def present(session: Session, token_hash: bytes) -> None:
    """Let the rest of this transaction see the one row that was handed out with this token, for taking it back."""
    session.execute(_REVEAL, {"what": "token", "value": token_hash.hex()})


def count_under(session: Session, key: bytes) -> None:
    """Let the transaction see the one count of attempts with this key, until it names the next key."""
    session.execute(_REVEAL, {"what": "attempts", "value": key.hex()})

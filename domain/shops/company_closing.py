"""Close a company for good: its shops, and all access to it."""

from datetime import datetime
from uuid import UUID

from domain.access import revocation
from domain.companies import lifecycle
from domain.shops import shop_lifecycle


def close_company(*, company_id: UUID, now: datetime) -> bool:
    """Close the current company if its deletion is due. Its orders and records stay.

    Its shops are closed, memberships and invitations deleted, API keys revoked. Returns whether this call closed it.
    """
    closed = lifecycle.close(company_id=company_id, now=now)
    if closed:
        shop_lifecycle.close_all(company_id=company_id, now=now)
        revocation.revoke_all(company_id=company_id, now=now)
    return closed

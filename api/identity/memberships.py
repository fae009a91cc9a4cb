"""Leaving a company."""

from uuid import UUID

from api.blueprint import Blueprint
from api.tenant import acting
from domain.identity import memberships as held

memberships = Blueprint(
    "memberships", __name__, url_prefix="/api/me/memberships", description="Your roles in companies"
)


@memberships.delete("/<uuid:membership_id>")
@memberships.response(204)
@memberships.alt_response(409, "Conflict")
def end_membership(membership_id: UUID) -> None:
    """Give up a role of yours in a company, or in one shop of it; `GET /api/me` lists them.

    Nobody has to agree, but the last admin of a company stays. If you act for the company now, refresh your token with
    `company_id: null` to go on as a customer.
    """
    with acting() as caller:
        held.leave(user_id=caller.user_id, membership_id=membership_id)

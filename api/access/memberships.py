"""The user's own roles in companies."""

from uuid import UUID

from api.auth.transactions import request_transaction
from api.http.blueprint import Blueprint
from domain.access import memberships

blueprint = Blueprint("memberships", __name__, url_prefix="/api/me/memberships", description="Your roles in companies")


@blueprint.delete("/<uuid:membership_id>")
@blueprint.requires("manage_own_account")
@blueprint.response(204)
@blueprint.alt_response(409, "Conflict")
def end_membership(membership_id: UUID) -> None:
    """Give up one of your roles in a company or shop; `GET /api/me` lists them.

    The last admin of a company cannot leave. If you act for the company now, refresh your token with
    `company_id: null` to continue as a customer.
    """
    with request_transaction() as caller:
        memberships.leave(user_id=caller.user_id, membership_id=membership_id)

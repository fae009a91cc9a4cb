"""Export and erasure of a user's data."""

from typing import Any

from api.accounts.credentials import verify_password
from api.auth.caller import current_caller
from api.auth.transactions import company_transaction
from api.http.blueprint import Blueprint
from api.privacy.schemas import ErasureSchema, UserDataSchema
from domain.accounts import queries
from domain.privacy import erasure, export
from kit import clock, db
from kit.tenancy import Tenant

blueprint = Blueprint("privacy", __name__, url_prefix="/api/me", description="Export and erasure of your data")


@blueprint.get("/export")
@blueprint.requires("manage_own_account")
@blueprint.response(200, UserDataSchema)
def export_my_data() -> dict[str, Any]:
    """Export all your data: your profile, addresses, roles, sessions and orders."""
    user_id = current_caller().user_id
    with db.transaction(Tenant(user_id=user_id)):
        return export.export_person(user_id=user_id, now=clock.now())


@blueprint.post("/erase")
@blueprint.requires("manage_own_account")
@blueprint.arguments(ErasureSchema)
@blueprint.response(204)
@blueprint.alt_response(409, "Conflict")
@blueprint.alt_response(429, "TooManyRequests")
def erase_my_account(body: dict[str, Any]) -> None:
    """Erase your account permanently.

    Your name, mail address, phone, addresses, sessions and roles are deleted. Sellers keep your orders anonymously, for
    their bookkeeping. Refused while one of your orders is in progress, and while you are the last admin of a company.
    """
    with company_transaction(None) as caller:
        user_id = caller.user_id
        email = queries.the_user(user_id=user_id).email
    verify_password(email, body["password"])
    with company_transaction(None):
        erasure.erase_person(user_id=user_id, now=clock.now())

"""The saved addresses of a user."""

from typing import Any
from uuid import UUID

from api.accounts.profile_schemas import SavedAddressesSchema
from api.auth.transactions import request_transaction
from api.http.blueprint import Blueprint
from api.http.contacts import NewSavedAddressSchema, SavedAddressSchema
from domain.accounts import profile
from domain.accounts.models import Address

blueprint = Blueprint("addresses", __name__, url_prefix="/api/me/addresses", description="Your saved addresses")


@blueprint.get("")
@blueprint.requires("manage_own_account")
@blueprint.response(200, SavedAddressesSchema)
def list_addresses() -> dict[str, Any]:
    """List your saved addresses, oldest first."""
    with request_transaction() as caller:
        return {"data": profile.addresses(user_id=caller.user_id)}


@blueprint.post("")
@blueprint.requires("manage_own_account")
@blueprint.arguments(NewSavedAddressSchema)
@blueprint.response(201, SavedAddressSchema)
@blueprint.alt_response(409, "Conflict")
def create_address(body: dict[str, Any]) -> Address:
    """Save an address for orders. You can save up to 50."""
    with request_transaction() as caller:
        return profile.create_address(user_id=caller.user_id, **body)


@blueprint.put("/<uuid:address_id>")
@blueprint.requires("manage_own_account")
@blueprint.arguments(NewSavedAddressSchema)
@blueprint.response(200, SavedAddressSchema)
def update_address(body: dict[str, Any], address_id: UUID) -> Address:
    """Change a saved address. Existing orders keep the old one."""
    with request_transaction():
        return profile.change_address(address_id=address_id, **body)


@blueprint.delete("/<uuid:address_id>")
@blueprint.requires("manage_own_account")
@blueprint.response(204)
def delete_address(address_id: UUID) -> None:
    """Delete a saved address. Existing orders keep it."""
    with request_transaction():
        profile.delete_address(address_id=address_id)

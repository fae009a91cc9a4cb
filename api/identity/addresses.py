"""The addresses a user has goods sent to."""

from typing import Any
from uuid import UUID

from api.blueprint import Blueprint
from api.identity.own_schemas import AddressesSchema, AddressToKeepSchema, KeptAddressSchema
from api.tenant import acting
from domain.identity import profile
from domain.identity.models import Address

addresses = Blueprint("addresses", __name__, url_prefix="/api/me/addresses", description="Where you have goods sent")


@addresses.get("")
@addresses.response(200, AddressesSchema)
def list_addresses() -> dict[str, Any]:
    """List your addresses, the oldest first."""
    with acting() as caller:
        return {"data": profile.addresses(user_id=caller.user_id)}


@addresses.post("")
@addresses.arguments(AddressToKeepSchema)
@addresses.response(201, KeptAddressSchema)
@addresses.alt_response(409, "Conflict")
def keep_address(body: dict[str, Any]) -> Address:
    """Keep an address, to be used in orders. There may be 50."""
    with acting() as caller:
        return profile.create_address(user_id=caller.user_id, **body)


@addresses.put("/<uuid:address_id>")
@addresses.arguments(AddressToKeepSchema)
@addresses.response(200, KeptAddressSchema)
def change_address(body: dict[str, Any], address_id: UUID) -> Address:
    """Change an address. Orders keep the one they were placed with."""
    with acting():
        return profile.change_address(address_id=address_id, **body)


@addresses.delete("/<uuid:address_id>")
@addresses.response(204)
def forget_address(address_id: UUID) -> None:
    """Forget an address. Orders keep the one they were placed with."""
    with acting():
        profile.delete_address(address_id=address_id)

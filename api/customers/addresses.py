"""Add, change and delete addresses of customers."""

from typing import Any
from uuid import UUID

from api.auth.transactions import request_transaction
from api.customers.routes import blueprint
from api.http.contacts import NewSavedAddressSchema, SavedAddressSchema
from domain.customers import addresses
from domain.customers.models import CustomerAddress


@blueprint.post("/<uuid:customer_id>/addresses")
@blueprint.requires("write_customers")
@blueprint.arguments(NewSavedAddressSchema)
@blueprint.response(201, SavedAddressSchema)
@blueprint.alt_response(409, "Conflict")
def create_customer_address(body: dict[str, Any], customer_id: UUID) -> CustomerAddress:
    """Add an address of a customer. A customer can have up to 50."""
    with request_transaction():
        return addresses.create(customer_id=customer_id, **body)


@blueprint.put("/<uuid:customer_id>/addresses/<uuid:address_id>")
@blueprint.requires("write_customers")
@blueprint.arguments(NewSavedAddressSchema)
@blueprint.response(200, SavedAddressSchema)
def update_customer_address(body: dict[str, Any], customer_id: UUID, address_id: UUID) -> CustomerAddress:
    """Change an address of a customer. Existing orders keep the old one."""
    with request_transaction():
        return addresses.change(customer_id=customer_id, address_id=address_id, **body)


@blueprint.delete("/<uuid:customer_id>/addresses/<uuid:address_id>")
@blueprint.requires("write_customers")
@blueprint.response(204)
def delete_customer_address(customer_id: UUID, address_id: UUID) -> None:
    """Delete an address of a customer. Existing orders keep it."""
    with request_transaction():
        addresses.remove(customer_id=customer_id, address_id=address_id)

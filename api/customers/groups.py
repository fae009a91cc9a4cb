"""Create, list, rename and delete groups of customers."""

from typing import Any
from uuid import UUID

from api.auth.transactions import request_transaction
from api.customers.schemas import GroupSchema, NewGroupSchema
from api.http.blueprint import Blueprint
from api.http.schemas import PageQuery, page_of
from domain.customers import groups, queries
from domain.customers.models import CustomerGroup
from kit.paging import Page

blueprint = Blueprint("customer_groups", __name__, url_prefix="/api/customer-groups", description="Groups of customers")


@blueprint.post("")
@blueprint.requires("write_customers")
@blueprint.arguments(NewGroupSchema)
@blueprint.response(201, GroupSchema)
@blueprint.alt_response(409, "Conflict")
def create_customer_group(body: dict[str, Any]) -> CustomerGroup:
    """Create a group of customers."""
    with request_transaction() as caller:
        return groups.create(company_id=caller.company_id, **body)


@blueprint.get("")
@blueprint.requires("read_customers")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(GroupSchema))
def list_customer_groups(query: dict[str, Any]) -> Page[CustomerGroup]:
    """List the groups of customers of your company, oldest first."""
    with request_transaction():
        return queries.groups(**query)


@blueprint.patch("/<uuid:group_id>")
@blueprint.requires("write_customers")
@blueprint.arguments(NewGroupSchema)
@blueprint.response(200, GroupSchema)
@blueprint.alt_response(409, "Conflict")
def rename_customer_group(body: dict[str, Any], group_id: UUID) -> CustomerGroup:
    """Rename a group of customers."""
    with request_transaction():
        return groups.rename(group_id=group_id, **body)


@blueprint.delete("/<uuid:group_id>")
@blueprint.requires("write_customers")
@blueprint.response(204)
def delete_customer_group(group_id: UUID) -> None:
    """Delete a group of customers, with its price lists. Its customers stay."""
    with request_transaction():
        groups.remove(group_id=group_id)

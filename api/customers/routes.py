"""Create, list, show, change, merge and erase customers."""

from typing import Any
from uuid import UUID

from api.auth.transactions import request_transaction
from api.customers.schemas import (
    CustomerChangeSchema,
    CustomerDetailsSchema,
    CustomerSchema,
    CustomersQuery,
    GroupsOfCustomerSchema,
    MergeSchema,
    NewCustomerSchema,
)
from api.http.blueprint import Blueprint
from api.http.etags import WithHeaders, etag, expected_versions
from api.http.openapi import IF_MATCH_HEADER, IF_NONE_MATCH_HEADER
from api.http.schemas import page_of
from domain.customers import groups, queries, records
from domain.customers.models import Customer
from domain.customers.queries import CustomerDetails
from domain.sales import customer_merging, guest_erasure
from kit import clock
from kit.paging import Page

blueprint = Blueprint("customers", __name__, url_prefix="/api/customers", description="Customers of your company")


@blueprint.post("")
@blueprint.requires("write_customers")
@blueprint.arguments(NewCustomerSchema)
@blueprint.response(201, CustomerDetailsSchema)
@blueprint.alt_response(409, "Conflict")
def create_customer(body: dict[str, Any]) -> WithHeaders[CustomerDetails]:
    """Create a customer without an account, such as a guest who orders by phone.

    Users become customers of your company by their first order.
    """
    with request_transaction() as caller:
        customer = records.create(company_id=caller.company_id, now=clock.now(), **body)
        details, headers = _with_details(customer)
    return details, {"Location": f"/api/customers/{customer.id}", **headers}


@blueprint.get("")
@blueprint.requires("read_customers")
@blueprint.arguments(CustomersQuery, location="query")
@blueprint.response(200, page_of(CustomerSchema))
def list_customers(query: dict[str, Any]) -> Page[Customer]:
    """List the customers of your company, oldest first."""
    with request_transaction():
        return queries.customers(**query)


@blueprint.get("/<uuid:customer_id>")
@blueprint.requires("read_customers")
@blueprint.doc(parameters=[IF_NONE_MATCH_HEADER])
@blueprint.response(200, CustomerDetailsSchema)
def get_customer(customer_id: UUID) -> WithHeaders[CustomerDetails]:
    """Show a customer with groups and addresses."""
    with request_transaction():
        customer = queries.the_customer(customer_id=customer_id)
        return _with_details(customer)


@blueprint.patch("/<uuid:customer_id>")
@blueprint.requires("write_customers")
@blueprint.doc(parameters=[IF_MATCH_HEADER])
@blueprint.arguments(CustomerChangeSchema)
@blueprint.response(200, CustomerDetailsSchema)
@blueprint.alt_response(409, "Conflict")
@blueprint.alt_response(412, "PreconditionFailed")
def update_customer(body: dict[str, Any], customer_id: UUID) -> WithHeaders[CustomerDetails]:
    """Change a customer.

    Existing orders keep the name and the mail address that they were placed with. Users change their own account
    themselves: this is your company's record of them. Send the last `ETag` as `If-Match` to refuse the change if
    somebody else has changed the customer meanwhile.
    """
    with request_transaction():
        customer = records.change(
            customer_id=customer_id, now=clock.now(), expected_versions=expected_versions(), **body
        )
        return _with_details(customer)


@blueprint.put("/<uuid:customer_id>/groups")
@blueprint.requires("write_customers")
@blueprint.arguments(GroupsOfCustomerSchema)
@blueprint.response(200, CustomerDetailsSchema)
def assign_customer_groups(body: dict[str, Any], customer_id: UUID) -> WithHeaders[CustomerDetails]:
    """Make these the only groups of a customer."""
    with request_transaction():
        customer = groups.assign(customer_id=customer_id, **body)
        return _with_details(customer)


@blueprint.post("/<uuid:customer_id>/merge")
@blueprint.requires("write_customers")
@blueprint.arguments(MergeSchema)
@blueprint.response(200, CustomerDetailsSchema)
@blueprint.alt_response(409, "Conflict")
def merge_customer(body: dict[str, Any], customer_id: UUID) -> WithHeaders[CustomerDetails]:
    """Merge a guest into this customer.

    The customer gets the guest's orders, addresses, groups, tags and note, and the contact data that it lacks, but not
    the consent to advertising. The guest is deleted. This cannot be undone.
    """
    with request_transaction():
        return _with_details(customer_merging.merge(guest_id=body["guest_id"], into_id=customer_id))


@blueprint.post("/<uuid:customer_id>/erase")
@blueprint.requires("erase_customers")
@blueprint.response(204)
@blueprint.alt_response(409, "Conflict")
def erase_customer(customer_id: UUID) -> None:
    """Erase the personal data of a guest permanently, as the guest may ask you to.

    The name, contact data, addresses, tags and note are removed; the guest's orders stay without them, for your
    bookkeeping. Refused while an order of the guest is in progress, and for customers with an account, who erase it
    themselves.
    """
    with request_transaction():
        guest_erasure.erase(customer_id=customer_id, now=clock.now())


def _with_details(customer: Customer) -> WithHeaders[CustomerDetails]:
    return queries.details_of(customer), etag(customer.version)

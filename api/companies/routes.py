"""Create, list, show and change companies."""

from typing import Any
from uuid import UUID

from api.auth.transactions import company_transaction, request_transaction
from api.companies.schemas import CompanyChangeSchema, CompanySchema, NewCompanySchema
from api.http.blueprint import Blueprint
from api.http.etags import WithHeaders, created, expected_versions, with_etag
from api.http.openapi import IF_MATCH_HEADER, IF_NONE_MATCH_HEADER
from api.http.schemas import PageQuery, page_of
from domain.access import company_creation
from domain.accounts.errors import EmailUnverified
from domain.companies import company_settings, queries
from domain.companies.models import Company
from kit import clock
from kit.ids import new_id
from kit.paging import Page

blueprint = Blueprint("companies", __name__, url_prefix="/api/companies", description="Companies")


@blueprint.post("")
@blueprint.requires("create_companies")
@blueprint.arguments(NewCompanySchema)
@blueprint.response(201, CompanySchema)
@blueprint.refuses(EmailUnverified)
@blueprint.alt_response(429, "TooManyRequests")
def create_company(body: dict[str, Any]) -> WithHeaders[Company]:
    """Create a company, with you as its admin.

    It starts with a trial of 30 days. Unless you choose a plan, the limits of the free plan apply afterwards.
    To act for the company, refresh your token with its id as `company_id`. From now on, logins without `company_id` act
    for it. You can create 3 companies per day.
    """
    company_id = new_id()
    with company_transaction(company_id) as caller:
        company = company_creation.create(company_id=company_id, user_id=caller.user_id, now=clock.now(), **body)
    return created(company, f"/api/companies/{company_id}")


@blueprint.get("")
@blueprint.requires("read_companies")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(CompanySchema))
def list_companies(query: dict[str, Any]) -> Page[Company]:
    """List the companies in which you have a role, oldest first."""
    with request_transaction():
        return queries.companies(**query)


@blueprint.get("/<uuid:company_id>")
@blueprint.requires("read_companies")
@blueprint.doc(parameters=[IF_NONE_MATCH_HEADER])
@blueprint.response(200, CompanySchema)
def get_company(company_id: UUID) -> WithHeaders[Company]:
    """Show a company in which you have a role."""
    with request_transaction():
        company = queries.the_company(company_id=company_id)
    return with_etag(company)


@blueprint.patch("/<uuid:company_id>")
@blueprint.requires("write_companies")
@blueprint.doc(parameters=[IF_MATCH_HEADER])
@blueprint.arguments(CompanyChangeSchema)
@blueprint.response(200, CompanySchema)
@blueprint.alt_response(412, "PreconditionFailed")
def update_company(body: dict[str, Any], company_id: UUID) -> WithHeaders[Company]:
    """Change the company you act for.

    The currency cannot change, because prices, orders and payments use it. Send the last `ETag` as `If-Match` to refuse
    the change if somebody else has changed the company meanwhile.
    """
    with request_transaction():
        company = company_settings.change(company_id=company_id, expected_versions=expected_versions(), **body)
    return with_etag(company)

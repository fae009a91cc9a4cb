"""Founding companies and changing how they work."""

from typing import Any
from uuid import UUID

from api.blueprint import Blueprint
from api.companies.schemas import CompanyChangeSchema, CompanySchema, NewCompanySchema
from api.etags import etag, expected_versions
from api.openapi import IF_MATCH, IF_NONE_MATCH
from api.schemas import PageQuery, page, page_of
from api.tenant import acting, acting_at
from domain.companies import operations, queries
from domain.companies.models import Company
from domain.identity import memberships, throttle
from domain.identity import queries as people
from domain.identity.errors import EmailUnverified
from domain.identity.permissions import COMPANY_CREATOR
from domain.identity.throttle import COMPANIES_PER_USER
from kit import clock
from kit.ids import new_id

blueprint = Blueprint("companies", __name__, url_prefix="/api/companies", description="Companies that sell")


@blueprint.post("")
@blueprint.arguments(NewCompanySchema)
@blueprint.response(201, CompanySchema)
@blueprint.refuses(EmailUnverified)
@blueprint.alt_response(429, "TooManyRequests")
def found_company(body: dict[str, Any]) -> tuple[Company, dict[str, str]]:
    """Found a company, with you as its admin.

    It is on trial for 30 days: choose a plan meanwhile, or the free one's limits hold from then on. To act for it,
    refresh your token with its id as `company_id`. Logins that name no company act for it from now on.
    You may found 3 companies a day.
    """
    company_id = new_id()
    with acting_at(company_id) as caller:
        user = people.the_verified_user(user_id=caller.user_id)
        throttle.consume(COMPANIES_PER_USER, user.email, now=clock.now())
        company = operations.create(company_id=company_id, by=user.id, **body)
        memberships.join(user_id=user.id, company_id=company_id, role="company_admin", actor=COMPANY_CREATOR)
    return company, {"Location": f"/api/companies/{company_id}", **etag(company.version)}


@blueprint.get("")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(CompanySchema))
def list_companies(query: dict[str, Any]) -> dict[str, Any]:
    """List the companies you belong to, the oldest first."""
    with acting():
        return page(queries.companies(limit=query["limit"] + 1, after=query["after"]), query["limit"])


@blueprint.get("/<uuid:company_id>")
@blueprint.doc(parameters=[IF_NONE_MATCH])
@blueprint.response(200, CompanySchema)
def get_company(company_id: UUID) -> tuple[Company, dict[str, str]]:
    """Show a company you belong to."""
    with acting():
        company = queries.the_company(company_id=company_id)
    return company, etag(company.version)


@blueprint.patch("/<uuid:company_id>")
@blueprint.doc(parameters=[IF_MATCH])
@blueprint.arguments(CompanyChangeSchema)
@blueprint.response(200, CompanySchema)
@blueprint.alt_response(412, "PreconditionFailed")
def change_company(body: dict[str, Any], company_id: UUID) -> tuple[Company, dict[str, str]]:
    """Change the company you act for.

    Its currency stays: prices, orders and payments are in it. Send the ETag you read as `If-Match` and the change is
    refused when somebody else's came first.
    """
    with acting():
        company = operations.change(company_id=company_id, expected_versions=expected_versions(), **body)
    return company, etag(company.version)

"""Suspension and deletion of companies, and the history of these decisions."""

from typing import Any
from uuid import UUID

from api.auth.transactions import request_transaction
from api.companies.schemas import (
    CompanyEventSchema,
    CompanySchema,
    ReasonSchema,
)
from api.http.blueprint import Blueprint
from api.http.etags import WithHeaders, expected_versions, with_etag
from api.http.openapi import IF_MATCH_HEADER
from api.http.schemas import PageQuery, page_of
from domain.companies import history, lifecycle
from domain.companies.errors import CompanyNotFound
from domain.companies.models import Company, CompanyEvent
from kit import clock
from kit.paging import Page

blueprint = Blueprint(
    "lifecycle",
    __name__,
    url_prefix="/api/companies/<uuid:company_id>",
    description="Plan, suspension and deletion of a company",
)


@blueprint.post("/suspend")
@blueprint.requires("suspend_companies")
@blueprint.arguments(ReasonSchema)
@blueprint.response(200, CompanySchema)
@blueprint.alt_response(409, "Conflict")
def suspend_company(body: dict[str, Any], company_id: UUID) -> WithHeaders[Company]:
    """Suspend the company in your token: it is read-only until it is resumed.

    Orders and changes are refused (403 `company_suspended`). Open orders continue and can be cancelled. The reason is
    stored in the history.
    """
    with request_transaction() as caller:
        company = lifecycle.suspend(company_id=company_id, reason=body["reason"], by=caller.user_id, now=clock.now())
    return with_etag(company)


@blueprint.post("/resume")
@blueprint.requires("suspend_companies")
@blueprint.arguments(ReasonSchema)
@blueprint.response(200, CompanySchema)
@blueprint.alt_response(409, "Conflict")
def resume_company(body: dict[str, Any], company_id: UUID) -> WithHeaders[Company]:
    """Resume a suspended company.

    The reason is stored in the history.
    """
    with request_transaction() as caller:
        company = lifecycle.resume(company_id=company_id, reason=body["reason"], by=caller.user_id)
    return with_etag(company)


@blueprint.delete("")
@blueprint.requires("close_companies")
@blueprint.doc(parameters=[IF_MATCH_HEADER])
@blueprint.response(202, CompanySchema)
@blueprint.alt_response(409, "Conflict")
@blueprint.alt_response(412, "PreconditionFailed")
def delete_company(company_id: UUID) -> WithHeaders[Company]:
    """Delete your company after 30 days.

    Until then it is read-only, like a suspended company, and can be restored. Then its shops are closed, and all roles,
    invitations and API keys are deleted. Orders and accounting data stay.
    """
    with request_transaction() as caller:
        company = lifecycle.request_deletion(
            company_id=company_id, by=caller.user_id, now=clock.now(), expected_versions=expected_versions()
        )
    return with_etag(company)


@blueprint.post("/restore")
@blueprint.requires("close_companies")
@blueprint.response(200, CompanySchema)
@blueprint.alt_response(409, "Conflict")
def restore_company(company_id: UUID) -> WithHeaders[Company]:
    """Cancel the deletion of your company, within the 30 days."""
    with request_transaction() as caller:
        company = lifecycle.withdraw_deletion(company_id=company_id, by=caller.user_id)
    return with_etag(company)


@blueprint.get("/history")
@blueprint.requires("read_company_history")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(CompanyEventSchema))
def list_company_events(query: dict[str, Any], company_id: UUID) -> Page[CompanyEvent]:
    """List the changes of plan, suspensions and deletions of your company, with user and reason, oldest first."""
    with request_transaction() as caller:
        if company_id != caller.company_id:
            raise CompanyNotFound
        return history.decisions(company_id=company_id, **query)

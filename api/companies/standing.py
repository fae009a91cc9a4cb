"""What companies are on, and whether they do business: plans, suspension, deletion, and the record of it."""

from typing import Any
from uuid import UUID

from api.blueprint import Blueprint
from api.companies.schemas import (
    ChosenPlanSchema,
    CompanyEventSchema,
    CompanySchema,
    DecisionSchema,
    PlansSchema,
    SubscriptionSchema,
)
from api.etags import etag, expected_versions
from api.openapi import IF_MATCH
from api.schemas import PageQuery, page, page_of
from api.tenant import acting
from domain.companies import history, lifecycle, limits, queries
from domain.companies.errors import CompanyNotFound
from domain.companies.models import Company
from domain.companies.plans import PLANS, Plan
from kit import clock

plans = Blueprint("plans", __name__, url_prefix="/api/plans", description="What companies can be on")
blueprint = Blueprint(
    "standing", __name__, url_prefix="/api/companies/<uuid:company_id>", description="Whether a company does business"
)


@plans.get("")
@plans.response(200, PlansSchema)
def list_plans() -> dict[str, list[Plan]]:
    """List the plans there are, and what each allows.

    What would go beyond is refused with 409 and the code `plan_limit_reached`, requests with 429; what there is stays.
    The limit of orders can be passed by as many as are being placed at the very moment it is reached.
    """
    return {"data": list(PLANS.values())}


@blueprint.get("/plan")
@blueprint.response(200, SubscriptionSchema)
def get_plan(company_id: UUID) -> dict[str, Any]:
    """Show the plan of the company you act for, and what is used of it."""
    with acting() as caller:
        if company_id != caller.company_id:
            raise CompanyNotFound
        return _subscription(queries.the_company(company_id=company_id))


@blueprint.put("/plan")
@blueprint.doc(parameters=[IF_MATCH])
@blueprint.arguments(ChosenPlanSchema)
@blueprint.response(200, SubscriptionSchema)
@blueprint.alt_response(409, "Conflict")
@blueprint.alt_response(412, "PreconditionFailed")
def choose_plan(body: dict[str, Any], company_id: UUID) -> tuple[dict[str, Any], dict[str, str]]:
    """Put the company you act for on another plan, from now on.

    A smaller one is refused, with the code `plan_too_small` and the list of what is over, while more is in use than it
    allows. The limit of requests follows within a minute.
    """
    with acting() as caller:
        company = lifecycle.change_plan(
            company_id=company_id, plan=body["plan"], by=caller.user_id, expected_versions=expected_versions()
        )
        return _subscription(company), etag(company.version)


@blueprint.post("/suspend")
@blueprint.arguments(DecisionSchema)
@blueprint.response(200, CompanySchema)
@blueprint.alt_response(409, "Conflict")
def suspend_company(body: dict[str, Any], company_id: UUID) -> tuple[Company, dict[str, str]]:
    """Let the company you act for only be read, until it is resumed.

    Nothing can be ordered from it or changed in it (403, `company_suspended`); orders under way come to their end, and
    can be cancelled. The reason is kept on record.
    """
    with acting() as caller:
        company = lifecycle.suspend(company_id=company_id, reason=body["reason"], by=caller.user_id, now=clock.now())
    return company, etag(company.version)


@blueprint.post("/resume")
@blueprint.arguments(DecisionSchema)
@blueprint.response(200, CompanySchema)
@blueprint.alt_response(409, "Conflict")
def resume_company(body: dict[str, Any], company_id: UUID) -> tuple[Company, dict[str, str]]:
    """Let the company you act for do business again.

    The reason is kept on record.
    """
    with acting() as caller:
        company = lifecycle.resume(company_id=company_id, reason=body["reason"], by=caller.user_id)
    return company, etag(company.version)


@blueprint.delete("")
@blueprint.doc(parameters=[IF_MATCH])
@blueprint.response(202, CompanySchema)
@blueprint.alt_response(409, "Conflict")
@blueprint.alt_response(412, "PreconditionFailed")
def delete_company(company_id: UUID) -> tuple[Company, dict[str, str]]:
    """Have the company you act for deleted.

    For 30 days that can be taken back; until then it can only be read, as if suspended. Then its shops close, and all
    roles, invitations and API keys end. Orders and their books stay.
    """
    with acting() as caller:
        company = lifecycle.request_deletion(
            company_id=company_id, by=caller.user_id, now=clock.now(), expected_versions=expected_versions()
        )
    return company, etag(company.version)


@blueprint.post("/restore")
@blueprint.response(200, CompanySchema)
@blueprint.alt_response(409, "Conflict")
def restore_company(company_id: UUID) -> tuple[Company, dict[str, str]]:
    """Keep the company you act for after all, while it is not too late."""
    with acting() as caller:
        company = lifecycle.withdraw_deletion(company_id=company_id, by=caller.user_id)
    return company, etag(company.version)


@blueprint.get("/history")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(CompanyEventSchema))
def list_history(query: dict[str, Any], company_id: UUID) -> dict[str, Any]:
    """List what was decided about the company you act for, by whom and why, the oldest first."""
    with acting() as caller:
        if company_id != caller.company_id:
            raise CompanyNotFound
        events = history.events(company_id=company_id, limit=query["limit"] + 1, after=query["after"])
        return page(events, query["limit"])


def _subscription(company: Company) -> dict[str, Any]:
    return {
        "plan": company.plan,
        "trial_ends_at": company.trial_ends_at,
        "in_force": limits.current_plan(company, now=clock.now()),
        "in_use": limits.usage(company_id=company.id),
    }

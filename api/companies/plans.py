"""The plans, and the subscription of a company to one of them."""

from typing import Any
from uuid import UUID

from api.auth import requirements
from api.auth.transactions import request_transaction
from api.companies.lifecycle import blueprint
from api.companies.schemas import PlanChangeSchema, PlansSchema, SubscriptionSchema
from api.http.blueprint import Blueprint
from api.http.etags import etag, expected_versions
from api.http.openapi import IF_MATCH_HEADER
from domain.companies import lifecycle, limits, queries
from domain.companies.errors import CompanyNotFound
from domain.companies.models import Company
from domain.companies.plans import PLANS, Plan
from kit import clock

plans = Blueprint("plans", __name__, url_prefix="/api/plans", description="Plans of companies")


@plans.get("")
@plans.requires(requirements.PUBLIC)
@plans.response(200, PlansSchema)
def list_plans() -> dict[str, list[Plan]]:
    """List the plans and their limits.

    Whatever would exceed a limit is refused with 409 and the code `plan_limit_reached`, and requests with 429. Existing
    data stays. Orders that are placed at the same moment can exceed the limit of orders.
    """
    return {"data": list(PLANS.values())}


@blueprint.get("/plan")
@blueprint.requires("read_companies")
@blueprint.response(200, SubscriptionSchema)
def get_subscription(company_id: UUID) -> dict[str, Any]:
    """Show the plan of your company and its current usage."""
    with request_transaction() as caller:
        if company_id != caller.company_id:
            raise CompanyNotFound
        return _subscription(queries.the_company(company_id=company_id))


@blueprint.put("/plan")
@blueprint.requires("write_companies")
@blueprint.doc(parameters=[IF_MATCH_HEADER])
@blueprint.arguments(PlanChangeSchema)
@blueprint.response(200, SubscriptionSchema)
@blueprint.alt_response(409, "Conflict")
@blueprint.alt_response(412, "PreconditionFailed")
def change_plan(body: dict[str, Any], company_id: UUID) -> tuple[dict[str, Any], dict[str, str]]:
    """Change the plan of your company, effective immediately.

    A smaller plan is refused while its limits are exceeded, with the code `plan_too_small` and the exceeded limits. The
    new limit of requests applies within a minute.
    """
    with request_transaction() as caller:
        company = lifecycle.change_plan(
            company_id=company_id, plan=body["plan"], by=caller.user_id, expected_versions=expected_versions()
        )
        return _subscription(company), etag(company.version)


def _subscription(company: Company) -> dict[str, Any]:
    return {
        "plan": company.plan,
        "trial_ends_at": company.trial_ends_at,
        "effective_plan": limits.current_plan(company, now=clock.now()),
        "usage": limits.usage(company_id=company.id),
    }

"""Limits of a company's plan.

Higher areas report what they create, in the same transaction, and nothing of theirs is counted here. Shops and products
are counted exactly, under a lock on the company's row. Orders must not wait for each other, so orders placed at the
same moment can exceed the limit; a trigger counts them.
"""

from datetime import datetime
from uuid import UUID

from domain.companies.errors import PlanLimitReached, PlanTooSmall
from domain.companies.models import Company
from domain.companies.plans import LIMITS, CountedResource, Limit, Plan, effective_plan
from domain.companies.queries import the_locked_company
from kit import db
from kit.db import Json

ORDERS_THIS_MONTH = """(
    SELECT coalesce(sum(o.count), 0) FROM order_counts o
    WHERE o.company_id = c.id AND o.month = date_trunc('month', now() AT TIME ZONE 'UTC')::date)"""
"""SQL expression: the number of orders of the company `c` this month (UTC)."""

_READ_USAGE = f"""
    SELECT
        (SELECT coalesce(sum(u.count), 0) FROM usage_counts u WHERE u.company_id = c.id AND u.resource = 'shops'),
        (SELECT coalesce(sum(u.count), 0) FROM usage_counts u WHERE u.company_id = c.id AND u.resource = 'products'),
        {ORDERS_THIS_MONTH}
    FROM companies c WHERE c.id = %(company)s"""  # noqa: S608 - no input, only our own words

_ADD_TO_COUNT = """
    INSERT INTO usage_counts (company_id, shop_id, resource, count)
    VALUES (%(company)s, %(shop)s, %(resource)s, 1)
    ON CONFLICT (company_id, shop_id, resource) DO UPDATE SET count = usage_counts.count + 1"""

_DELETE_COUNTS_OF_SHOP = "DELETE FROM usage_counts WHERE company_id = %(company)s AND shop_id = %(shop)s"


def current_plan(company: Company, *, now: datetime) -> Plan:
    """Return the plan that applies to the company now."""
    return effective_plan(company.plan, trial_ends_at=company.trial_ends_at, now=now)


def usage(*, company_id: UUID) -> dict[Limit, int]:
    """Return the current company's usage of everything that plans limit."""
    row = db.run(_READ_USAGE, {"company": company_id}).fetchone()
    assert row is not None, "the transaction does not act for this company"
    return dict(zip(LIMITS, row, strict=True))


def count_one(resource: CountedResource, *, company_id: UUID, shop_id: UUID, now: datetime) -> None:
    """Count one more of the shop, in the transaction that creates it; raises PlanLimitReached if the plan forbids it.

    Locks the company's row until the transaction ends. Take this lock before one on a shop.
    """
    plan = current_plan(the_locked_company(company_id=company_id), now=now)
    allowed = plan.allows(resource)
    if allowed is not None and (used := usage(company_id=company_id)[resource]) >= allowed:
        raise PlanLimitReached(
            f"The plan {plan.name} allows {allowed} {resource}, all of which are in use: choose a larger plan.",
            exceeded_limits=[_limit_usage(resource, used, allowed)],
        )
    db.run(_ADD_TO_COUNT, {"company": company_id, "shop": shop_id, "resource": resource})


def stop_counting(*, company_id: UUID, shop_id: UUID) -> None:
    """Count the shop and all that is counted in it no longer. The caller has locked the company's row."""
    db.run(_DELETE_COUNTS_OF_SHOP, {"company": company_id, "shop": shop_id})


def require_order_capacity(plan: Plan, *, company: str, placed: int) -> None:
    """Raise PlanLimitReached when the company has reached its plan's limit with `placed` orders this month."""
    if plan.orders_per_month is not None and placed >= plan.orders_per_month:
        raise PlanLimitReached(
            f"{company} cannot accept more orders this month: its plan, {plan.name}, allows {plan.orders_per_month}. "
            "It can choose a larger plan.",
            exceeded_limits=[_limit_usage("orders_per_month", placed, plan.orders_per_month)],
        )


def require_plan_fits(plan: Plan, *, company_id: UUID) -> None:
    """Raise PlanTooSmall, with every exceeded limit, when the company uses more than the plan allows."""
    exceeded = [
        _limit_usage(limit, used, allowed)
        for limit, used in usage(company_id=company_id).items()
        if (allowed := plan.allows(limit)) is not None and used > allowed
    ]
    if exceeded:
        listed = "; ".join(f"{each['limit']}: {each['in_use']} in use, {each['allowed']} allowed" for each in exceeded)
        raise PlanTooSmall(f"More is in use than {plan.name} allows ({listed}).", exceeded_limits=exceeded)


def _limit_usage(limit: Limit, used: int, allowed: int) -> Json:
    return {"limit": limit, "in_use": used, "allowed": allowed}

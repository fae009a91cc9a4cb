"""What a company's plan still leaves room for.

Shops and products are counted exactly, under the lock of the company's row. Orders are not, for they must not wait for
each other: as many as are being placed at the very moment the last one is may come to be placed beyond the limit.
"""

from datetime import datetime
from uuid import UUID

from domain.companies.errors import PlanLimitReached, PlanTooSmall
from domain.companies.models import Company
from domain.companies.plans import LIMITS, Limit, Plan, plan_in_force
from domain.companies.queries import the_locked_company
from kit import clock, db
from kit.db import Json

ORDERS_THIS_MONTH = """(
    SELECT coalesce(sum(o.count), 0) FROM order_counts o
    WHERE o.company_id = c.id AND o.month = date_trunc('month', now() AT TIME ZONE 'UTC')::date)"""
"""In SQL, of the company `c`: the orders it was given this month (UTC)."""

_IN_USE = f"""
    SELECT
        (SELECT count(*) FROM shops s WHERE s.company_id = c.id AND s.closed_at IS NULL),
        (
            SELECT count(*) FROM products p JOIN shops s ON s.id = p.shop_id
            WHERE p.company_id = c.id AND s.closed_at IS NULL
        ),
        {ORDERS_THIS_MONTH}
    FROM companies c WHERE c.id = %(company)s"""  # noqa: S608 - no input, only our own words


def plan_of(company: Company, *, now: datetime) -> Plan:
    """The plan the company goes by now."""
    return plan_in_force(company.plan, trial_ends_at=company.trial_ends_at, now=now)


def in_use(*, company_id: UUID) -> dict[Limit, int]:
    """How much the current company has of all that plans limit."""
    row = db.run(_IN_USE, {"company": company_id}).fetchone()
    assert row is not None, "nobody acts for that company"
    return dict(zip(LIMITS, row, strict=True))


def make_room(limit: Limit, *, company_id: UUID) -> None:
    """Hold the company's row until one more is made, so that no two are the last; raises PlanLimitReached."""
    plan = plan_of(the_locked_company(company_id=company_id), now=clock.now())
    allowed = plan.allows(limit)
    if allowed is not None and (used := in_use(company_id=company_id)[limit]) >= allowed:
        raise PlanLimitReached(
            f"The plan {plan.name} allows {allowed} {limit}, and so many there are: choose a larger plan.",
            over=[_told(limit, used, allowed)],
        )


def refuse_another_order(plan: Plan, *, company: str, placed: int) -> None:
    """Raise PlanLimitReached when so many orders within a month are all that the company's plan allows."""
    if plan.orders_a_month is not None and placed >= plan.orders_a_month:
        raise PlanLimitReached(
            f"{company} takes no more orders this month: its plan, {plan.name}, allows {plan.orders_a_month}. "
            "It can choose a larger plan.",
            over=[_told("orders_a_month", placed, plan.orders_a_month)],
        )


def refuse_too_small(plan: Plan, *, company_id: UUID) -> None:
    """Raise PlanTooSmall, naming all that is over, when the company has more than the plan allows."""
    over = [
        _told(limit, used, allowed)
        for limit, used in in_use(company_id=company_id).items()
        if (allowed := plan.allows(limit)) is not None and used > allowed
    ]
    if over:
        listed = "; ".join(f"{each['limit']}: {each['in_use']} in use, {each['allowed']} allowed" for each in over)
        raise PlanTooSmall(f"More is in use than {plan.name} allows ({listed}).", over=over)


def _told(limit: Limit, used: int, allowed: int) -> Json:
    return {"limit": limit, "in_use": used, "allowed": allowed}

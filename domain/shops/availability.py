"""Whether a shop accepts orders: it is open, its company is active, and the plan allows another order."""

from datetime import datetime

from domain.companies import lifecycle, limits
from domain.companies.plans import PLANS, effective_plan
from domain.shops.errors import ShopClosed
from kit.db import Json

_LIMITED = ", ".join(f"'{plan.name}'" for plan in PLANS.values() if plan.orders_per_month is not None)
AVAILABILITY = f"""jsonb_build_object(
    'is_closed', s.closed_at IS NOT NULL, 'company_state', {lifecycle.LIFECYCLE_STATE},
    'company', c.name, 'plan', c.plan, 'trial_ends_at', c.trial_ends_at,
    'placed', CASE WHEN c.plan IN ({_LIMITED}) THEN {limits.ORDERS_THIS_MONTH} ELSE 0 END)"""
"""SQL column with the facts about the shop `s` and its company `c` that `require_available` checks."""


def require_available(facts: Json, *, now: datetime) -> None:
    """Raise CompanySuspended, ShopClosed or PlanLimitReached when the shop accepts no orders."""
    lifecycle.require_active(facts["company_state"])
    if facts["is_closed"]:
        raise ShopClosed
    trial_ends_at = facts["trial_ends_at"] and datetime.fromisoformat(facts["trial_ends_at"])
    plan = effective_plan(facts["plan"], trial_ends_at=trial_ends_at, now=now)
    limits.require_order_capacity(plan, company=facts["company"], placed=facts["placed"])

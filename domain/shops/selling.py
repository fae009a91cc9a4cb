"""Whether a shop sells: it is open, its company does business, and its plan leaves room for another order."""

from datetime import datetime

from domain.companies import limits, standing
from domain.companies.plans import PLANS, plan_in_force
from domain.shops.errors import ShopClosed
from kit import clock
from kit.db import Json

_LIMITED = ", ".join(f"'{plan.name}'" for plan in PLANS.values() if plan.orders_a_month is not None)
SELLING = f"""jsonb_build_object(
    'is_closed', s.closed_at IS NOT NULL, 'standing', {standing.STANDING}, 'company', c.name, 'plan', c.plan,
    'trial_ends_at', c.trial_ends_at,
    'placed', CASE WHEN c.plan IN ({_LIMITED}) THEN {limits.ORDERS_THIS_MONTH} ELSE 0 END)"""
"""A column, in SQL, for whoever reads the shop `s` and its company `c` to order there; for `refuse_unless_selling`."""


def refuse_unless_selling(said: Json) -> None:
    """Raise CompanySuspended, ShopClosed or PlanLimitReached when nothing can be ordered there."""
    standing.refuse_unless_active(said["standing"])
    if said["is_closed"]:
        raise ShopClosed
    trial_ends_at = said["trial_ends_at"] and datetime.fromisoformat(said["trial_ends_at"])
    plan = plan_in_force(said["plan"], trial_ends_at=trial_ends_at, now=clock.now())
    limits.refuse_another_order(plan, company=said["company"], placed=said["placed"])

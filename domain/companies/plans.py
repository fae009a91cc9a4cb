"""The plans a company can be on, and what each allows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

PlanName = Literal["trial", "free", "standard", "pro"]
Limit = Literal["shops", "products", "orders_a_month"]

LIMITS: tuple[Limit, ...] = get_args(Limit)
TRIAL_LASTS = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a company may have at once, place within a calendar month (UTC), and ask within a minute; None: no limit."""

    name: PlanName
    shops: int | None
    products: int | None
    orders_a_month: int | None
    requests_a_minute: int | None

    def allows(self, limit: Limit) -> int | None:
        """How many of these."""
        allowed: int | None = getattr(self, limit)
        return allowed


_STANDARD = {"shops": 10, "products": 10_000, "orders_a_month": 10_000, "requests_a_minute": 3000}

PLANS: dict[str, Plan] = {
    plan.name: plan
    for plan in (
        Plan("trial", **_STANDARD),
        Plan("free", shops=1, products=100, orders_a_month=100, requests_a_minute=600),
        Plan("standard", **_STANDARD),
        Plan("pro", shops=None, products=None, orders_a_month=None, requests_a_minute=None),
    )
}
TO_CHOOSE = tuple(name for name in PLANS if name != "trial")
"""A trial is what a company begins with; nobody gets a second one."""


def plan_in_force(name: str, *, trial_ends_at: datetime | None, now: datetime) -> Plan:
    """The plan that a company goes by: after its trial, as long as it has chosen none, the free one."""
    trial_is_over = name == "trial" and trial_ends_at is not None and now >= trial_ends_at
    return PLANS["free" if trial_is_over else name]

"""Plans and their limits."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

PlanName = Literal["trial", "free", "standard", "pro"]
CountedResource = Literal["shops", "products"]
"""What higher areas count by `limits.count_one`."""
Limit = CountedResource | Literal["orders_per_month"]

LIMITS: tuple[Limit, ...] = ("shops", "products", "orders_per_month")
TRIAL_PERIOD = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Plan:
    """Limits of a plan: shops and products, orders in a calendar month (UTC), requests in a minute. None: no limit."""

    name: PlanName
    shops: int | None
    products: int | None
    orders_per_month: int | None
    requests_per_minute: int | None

    def allows(self, limit: Limit) -> int | None:
        """Return the plan's value for this limit."""
        allowed: int | None = getattr(self, limit)
        return allowed


_STANDARD = {"shops": 10, "products": 10_000, "orders_per_month": 10_000, "requests_per_minute": 3000}

PLANS: dict[str, Plan] = {
    plan.name: plan
    for plan in (
        Plan("trial", **_STANDARD),
        Plan("free", shops=1, products=100, orders_per_month=100, requests_per_minute=600),
        Plan("standard", **_STANDARD),
        Plan("pro", shops=None, products=None, orders_per_month=None, requests_per_minute=None),
    )
}
SELECTABLE_PLANS = tuple(name for name in PLANS if name != "trial")
"""Plans that a company can choose. The trial is left out: every company starts with it, and gets it once."""


def effective_plan(name: str, *, trial_ends_at: datetime | None, now: datetime) -> Plan:
    """Return the plan that applies: the free plan after a trial has ended without a choice, else the plan itself."""
    trial_is_over = name == "trial" and trial_ends_at is not None and now >= trial_ends_at
    return PLANS["free" if trial_is_over else name]

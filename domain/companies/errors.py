"""Errors of companies."""

from kit.errors import Conflict, Forbidden, NotFound, Stale


class CompanyNotFound(NotFound):
    """There is no such company, or you do not belong to it."""

    code = "company_not_found"


class CompanyChanged(Stale):
    """The company has changed since you read it; read it again."""

    code = "company_changed"


class CompanySuspended(Forbidden):
    """The company is suspended: it is read-only and accepts no orders."""

    code = "company_suspended"


class CompanyClosed(Conflict):
    """The company is closed permanently."""

    code = "company_closed"


class PlanLimitReached(Conflict):
    """The company has reached a limit of its plan: choose a larger plan.

    `exceeded_limits` has that limit, as `[{"limit", "in_use", "allowed"}]`.
    """

    code = "plan_limit_reached"


class PlanTooSmall(Conflict):
    """The company uses more than this plan allows.

    `exceeded_limits` lists every exceeded limit, as `[{"limit", "in_use", "allowed"}]`.
    """

    code = "plan_too_small"

"""What companies refuse."""

from kit.errors import Conflict, Forbidden, NotFound


class CompanyNotFound(NotFound):
    """There is no such company, or you do not belong to it."""

    code = "company_not_found"


class CompanyChanged(Conflict):
    """The company has changed since you read it; read it again."""

    code = "company_changed"


class CompanySuspended(Forbidden):
    """The company is suspended: it can be read, but nothing can be ordered from it or changed in it."""

    code = "company_suspended"


class CompanyClosed(Conflict):
    """The company is closed for good."""

    code = "company_closed"


class PlanLimitReached(Conflict):
    """The company's plan allows no more of these: choose a larger one.

    `over` is the one limit of it, as `[{"limit", "in_use", "allowed"}]`.
    """

    code = "plan_limit_reached"


class PlanTooSmall(Conflict):
    """More is in use than this plan allows.

    `over` is all that is, as `[{"limit", "in_use", "allowed"}]`.
    """

    code = "plan_too_small"

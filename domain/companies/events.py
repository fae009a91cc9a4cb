"""The events of the area companies. The reason for a decision is in the company's history only."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kit.messaging.events import Event


@dataclass(frozen=True, slots=True)
class CompanyUpdated:
    """A company, and the names of the fields that were changed."""

    company_id: UUID
    changed: list[str]
    version: int


@dataclass(frozen=True, slots=True)
class CompanyDecision:
    """A company, and the user who decided about it (null: the system)."""

    company_id: UUID
    decided_by: UUID | None


@dataclass(frozen=True, slots=True)
class PlanChanged(CompanyDecision):
    """A company's plan, before and now."""

    previous_plan: str
    plan: str


@dataclass(frozen=True, slots=True)
class DeletionRequested(CompanyDecision):
    """When the company will be closed, unless its deletion is withdrawn before."""

    due_at: datetime


COMPANY_CREATED = Event("company.created", CompanyDecision, "A company was created, on a trial.")
COMPANY_UPDATED = Event("company.updated", CompanyUpdated, "Settings of a company were changed.")
PLAN_CHANGED = Event("company.plan_changed", PlanChanged, "A company has another plan.")
COMPANY_SUSPENDED = Event("company.suspended", CompanyDecision, "A company was suspended: it is read-only.")
COMPANY_RESUMED = Event("company.resumed", CompanyDecision, "A company's suspension has ended.")
DELETION_REQUESTED = Event(
    "company.deletion_requested", DeletionRequested, "A company will be closed: it is read-only until then."
)
DELETION_WITHDRAWN = Event(
    "company.deletion_withdrawn", CompanyDecision, "A company's deletion was withdrawn: it will not be closed."
)
COMPANY_CLOSED = Event("company.closed", CompanyDecision, "A company was closed permanently.")

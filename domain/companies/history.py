"""The history of decisions about a company, each of which is also published as an event."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select

from domain.companies.models import CompanyEvent
from kit import db
from kit.messaging import outbox
from kit.paging import page

Event = Literal[
    "created", "plan_changed", "suspended", "resumed", "deletion_requested", "deletion_withdrawn", "closed"
]  # fmt: skip


def record(event: Event, *, company_id: UUID, by: UUID | None, **detail: Any) -> None:
    """Record a decision and who made it (None: the system), and publish it as `company.<event>`."""
    db.session().add(CompanyEvent(company_id=company_id, event=event, decided_by=by, detail=detail))
    outbox.publish(
        f"company.{event}", {"company_id": str(company_id), **detail}, subject=company_id, company_id=company_id
    )


def events(*, company_id: UUID, limit: int, after: UUID | None = None) -> list[CompanyEvent]:
    """List the decisions about the current company, the oldest first, after the one with the id `after`."""
    query = select(CompanyEvent).where(CompanyEvent.company_id == company_id)
    return list(db.session().scalars(page(query, CompanyEvent.id, limit=limit, after=after)))

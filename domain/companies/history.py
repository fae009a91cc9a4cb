"""The history of decisions about a company, each of which is also published as an event."""

from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select

from domain.companies.events import CompanyDecision
from domain.companies.models import CompanyEvent
from kit import db
from kit.messaging import events
from kit.messaging.events import Event
from kit.paging import Page, page

Decision = TypeVar("Decision", bound=CompanyDecision)


def record(event: Event[Decision], payload: Decision, *, version: int, **detail: Any) -> None:
    """Record a decision with its detail, the reason for example, and publish it as an event, without the detail.

    `version` is the version that the company has after the decision.
    """
    db.session().add(
        CompanyEvent(
            company_id=payload.company_id, event=event.name.removeprefix("company."), decided_by=payload.decided_by,
            detail=detail,
        )
    )  # fmt: skip
    events.publish(event, payload, subject=payload.company_id, company_id=payload.company_id, sequence=version)


def decisions(*, company_id: UUID, limit: int, after: UUID | None = None) -> Page[CompanyEvent]:
    """List the decisions about the current company, the oldest first, after the one with the id `after`."""
    query = select(CompanyEvent).where(CompanyEvent.company_id == company_id)
    return page(query, CompanyEvent.id, limit=limit, after=after)

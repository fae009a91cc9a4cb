"""Read incidents with their sagas, as far as the current transaction may see them."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, or_, select

from kit import db
from kit.paging import Page, page_of_rows
from saga.engine.models import Incident, SagaRow

_INCIDENTS = select(Incident, SagaRow).join(SagaRow, SagaRow.id == Incident.saga_id)


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Open incidents, or resolved ones, narrowed down to a step, an error code, a saga's name and a company."""

    step: str | None = None
    error: str | None = None
    saga: str | None = None
    company_id: UUID | None = None
    resolved: bool = False

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter as SQL conditions on an incident and its saga."""
        values = (
            (Incident.step, self.step),
            (Incident.error["code"].astext, self.error),
            (SagaRow.name, self.saga),
            (Incident.company_id, self.company_id),
        )
        resolved = Incident.resolved_at.is_not(None) if self.resolved else Incident.resolved_at.is_(None)
        return [resolved, *(column == value for column, value in values if value is not None)]


def list_incidents(
    incident_filter: IncidentFilter, *, limit: int, after: UUID | None = None
) -> Page[Row[Incident, SagaRow]]:
    """Return the incidents that match, the oldest first, starting after the one with the id `after`."""
    query = _INCIDENTS.where(*incident_filter.conditions())
    return page_of_rows(query, Incident.id, limit=limit, after=after)


def count_incidents(incident_filter: IncidentFilter) -> int:
    """Return how many incidents match."""
    query = select(func.count()).select_from(Incident).join(SagaRow, SagaRow.id == Incident.saga_id)
    return db.session().scalars(query.where(*incident_filter.conditions())).one()


def open_incidents_about(incident_saga_or_subject_id: UUID) -> list[Row[Incident, SagaRow]]:
    """Return the open incidents with this id, of the saga with this id, or of sagas about the subject with this id."""
    id_ = incident_saga_or_subject_id
    about = or_(Incident.id == id_, SagaRow.id == id_, SagaRow.subject_id == id_)
    return list(db.session().execute(_INCIDENTS.where(about, *IncidentFilter().conditions()).order_by(Incident.id)))

"""Close the open incident of a stuck saga, with who resolved it, how and why."""

from uuid import UUID

from sqlalchemy import update

from kit import db
from kit.messaging import events
from saga.engine.events import INCIDENT_CLOSED, IncidentClosed
from saga.engine.locked_saga import LockedSaga
from saga.engine.models import Incident
from saga.incidents.errors import NotStuck


def close_incident(saga: LockedSaga, expected: UUID | None, resolution: dict[str, str]) -> Incident:
    """Close the saga's open incident, and announce the end of the incident.

    Raises NotStuck if the saga has no open incident, or another one than `expected`; None expects any.
    """
    if saga.state != "stuck":
        raise NotStuck(f"saga {saga.ref.saga_id} is not stuck: it is {saga.state}")
    is_open = Incident.saga_id == saga.ref.saga_id, Incident.resolved_at.is_(None)
    closing = update(Incident).where(*is_open).values(resolved_at=saga.now, resolution=resolution)
    incident = db.session().scalars(closing.returning(Incident)).one()
    if expected not in (None, incident.id):
        raise NotStuck(f"saga {saga.ref.saga_id} is stuck in another step by now: {incident.step}")
    payload = IncidentClosed(incident.id, saga.ref.saga_id, action=resolution["action"])
    events.publish(INCIDENT_CLOSED, payload, subject=saga.ref.saga_id, company_id=saga.ref.company_id)
    return incident

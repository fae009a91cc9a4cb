"""The events of sagas that need an operator. Areas announce what a saga achieves: `order.completed`."""

from dataclasses import dataclass
from uuid import UUID

from kit.messaging.events import Event


@dataclass(frozen=True, slots=True)
class IncidentOpened:
    """The saga that is stuck, what it is about, its step, and the code of the error."""

    incident_id: UUID
    saga_id: UUID
    saga: str
    subject_id: UUID
    step: str
    error: str | None


@dataclass(frozen=True, slots=True)
class IncidentClosed:
    """The incident, its saga, and what the operator did: `retry`, `skip`, `compensate` or `resolve`."""

    incident_id: UUID
    saga_id: UUID
    action: str


INCIDENT_OPENED = Event("incident.opened", IncidentOpened, "A saga is stuck until an operator acts.")
INCIDENT_CLOSED = Event("incident.closed", IncidentClosed, "An operator has acted on a stuck saga.")

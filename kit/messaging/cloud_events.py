"""CloudEvents 1.0: an event as it is kept and as consumers receive it, and its JSON format."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from kit.db import Json
from kit.ids import created_at
from kit.messaging.origin import ATTRIBUTES, Origin, read_id, read_number
from kit.tenancy import Tenant

COLUMNS = ("id", "company_id", "type", "subject", "sequence", "context", "data")
"""The columns of an event in the table of kept events; `context` has the attributes of its Origin."""


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """An event. `id` is a UUIDv7 and holds the event's time; `subject` is the id of what it is about.

    An event without a company is about a user, its subject. `sequence` orders the events about one subject; it grows,
    with gaps, and events of some types have none. The other attributes are its Origin.
    """

    id: UUID
    company_id: UUID | None
    type: str
    subject: UUID
    data: Json
    sequence: int | None = None
    request_id: str | None = None
    traceparent: str | None = None
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    hops: int = 0

    @property
    def tenant(self) -> Tenant:
        """The tenant whose rows a reaction to this event may touch: its company, or else the user it is about."""
        return Tenant(company_id=self.company_id) if self.company_id else Tenant(user_id=self.subject)

    @property
    def origin(self) -> Origin:
        """Where the event comes from."""
        return Origin(self.request_id, self.traceparent, self.correlation_id, self.causation_id, self.hops)

    @property
    def context(self) -> Json:
        """The attributes that say where the event comes from, as CloudEvents names them, without empty ones."""
        return self.origin.as_json()

    @classmethod
    def from_json(cls, body: Any) -> Self:
        """Read a message's body; an attribute that is null counts as absent, as in CloudEvents' JSON format.

        Raises KeyError, TypeError or ValueError if it is no event of OrderX: other producers may publish any JSON.
        """
        if not isinstance(body, dict):
            raise TypeError("no JSON object")
        present = {name: value for name, value in body.items() if value is not None}
        texts = (present["type"], present.get("requestid", ""), present.get("traceparent", ""))
        if not (all(isinstance(text, str) for text in texts) and isinstance(present["data"], dict)):
            raise TypeError("type, requestid and traceparent are strings, data is an object")
        return cls.from_columns(
            id=read_id(present["id"]),
            company_id=read_id(present["companyid"]) if "companyid" in present else None,
            type=present["type"],
            subject=read_id(present["subject"]),
            sequence=read_number(present["sequence"]) if "sequence" in present else None,
            context=present,
            data=present["data"],
        )

    @classmethod
    def from_columns(cls, *, context: Json | None, **columns: Any) -> Self:
        """Create the event from the columns of its row in `events`."""
        origin = Origin.from_json(context)
        return cls(
            **columns,
            request_id=origin.request_id,
            traceparent=origin.traceparent,
            correlation_id=origin.correlation_id,
            causation_id=origin.causation_id,
            hops=origin.hops,
        )

    def as_json(self) -> Json:
        """The event in CloudEvents' JSON format, without the attributes that it does not have."""
        return json_format((self.id, self.company_id, self.type, self.subject, self.sequence, self.context, self.data))


def json_format(columns: Sequence[Any]) -> Json:
    """CloudEvents' JSON format of the event with these COLUMNS, without the attributes that it does not have.

    The relay formats the rows of kept events by it: to create a CloudEvent for each would take as long again.
    """
    event_id, company_id, event_type, subject, sequence, context, data = columns
    body: Json = {
        "specversion": "1.0",
        "id": str(event_id),
        "source": "/orderx/" + event_type.partition(".")[0],
        "type": event_type,
        "subject": str(subject),
        "time": created_at(event_id).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
    }
    if company_id:
        body["companyid"] = str(company_id)
    if sequence is not None:
        body["sequence"] = f"{sequence:010}"  # CloudEvents compares sequences as text
    if context:
        body.update((name, context[name]) for name in ATTRIBUTES if name in context)
    body["data"] = data
    return body

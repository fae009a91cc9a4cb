"""CloudEvents 1.0: an event as it is kept and as consumers receive it, and its JSON format."""

from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from kit.db import Json
from kit.ids import created_at
from kit.tenancy import Tenant


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """An event. `id` is a UUIDv7 and holds the event's time; `subject` is the id of what it is about.

    An event without a company is about a user, its subject. `sequence` orders the events about one subject; it grows,
    with gaps, and events of some types have none. `hops` is the number of reactions between the event and its origin:
    0 unless a reaction published it. Then `causation_id` is the event that it reacted to, and `correlation_id` the
    first event of the chain.
    """

    id: UUID
    company_id: UUID | None
    type: str
    subject: UUID
    data: Json
    sequence: int | None = None
    request_id: str | None = None
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    hops: int = 0

    @property
    def tenant(self) -> Tenant:
        """The tenant whose rows a reaction to this event may touch: its company, or else the user it is about."""
        return Tenant(company_id=self.company_id) if self.company_id else Tenant(user_id=self.subject)

    @property
    def context(self) -> Json:
        """The attributes that say where the event comes from, as CloudEvents names them; only those that it has."""
        attributes = {
            "requestid": self.request_id,
            "correlationid": self.correlation_id and str(self.correlation_id),
            "causationid": self.causation_id and str(self.causation_id),
            "hops": self.hops or None,
        }
        return {name: value for name, value in attributes.items() if value is not None}

    @classmethod
    def from_json(cls, body: Any) -> Self:
        """Read a message's body; an attribute that is null counts as absent, as in CloudEvents' JSON format.

        Raises KeyError, TypeError or ValueError if it is no event of OrderX: other producers may publish any JSON.
        """
        if not isinstance(body, dict):
            raise TypeError("no JSON object")
        present = {name: value for name, value in body.items() if value is not None}
        texts = (present["type"], present.get("requestid", ""))
        if not (all(isinstance(text, str) for text in texts) and isinstance(present["data"], dict)):
            raise TypeError("type and requestid are strings, data is an object")
        return cls.from_columns(
            id=_read_id(present["id"]),
            company_id=_read_id(present["companyid"]) if "companyid" in present else None,
            type=present["type"],
            subject=_read_id(present["subject"]),
            sequence=_read_number(present["sequence"]) if "sequence" in present else None,
            context=present,
            data=present["data"],
        )

    @classmethod
    def from_columns(cls, *, context: Json | None, **columns: Any) -> Self:
        """Create the event from the columns of its row in `events`."""
        context = context or {}
        return cls(
            **columns,
            request_id=context.get("requestid"),
            correlation_id=_read_id(context["correlationid"]) if "correlationid" in context else None,
            causation_id=_read_id(context["causationid"]) if "causationid" in context else None,
            hops=_read_number(context.get("hops", 0)),
        )

    def as_json(self) -> Json:
        """The event in CloudEvents' JSON format, without the attributes that it does not have."""
        optional: Json = {}
        if self.company_id:
            optional["companyid"] = str(self.company_id)
        if self.sequence is not None:
            optional["sequence"] = f"{self.sequence:010}"  # CloudEvents compares sequences as text
        return {
            "specversion": "1.0",
            "id": str(self.id),
            "source": "/orderx/" + self.type.partition(".")[0],
            "type": self.type,
            "subject": str(self.subject),
            "time": created_at(self.id).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            **optional,
            **self.context,
            "data": self.data,
        }


def _read_id(value: object) -> UUID:
    return UUID(str(value))  # UUID() of another type than str raises AttributeError


def _read_number(value: object) -> int:
    return int(str(value))  # int() of an infinite float raises OverflowError

"""CloudEvents 1.0: an event as consumers receive it, and its JSON format."""

from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from kit.db import Json
from kit.ids import created_at
from kit.tenancy import Tenant


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """An event. `id` is a UUIDv7 and holds the event's time; `subject` is the id of what it is about.

    An event without a company is about a user, its subject.
    """

    id: UUID
    type: str
    subject: UUID
    company_id: UUID | None
    data: Json
    request_id: str | None = None

    @property
    def tenant(self) -> Tenant:
        """The tenant whose rows a reaction to this event may touch: its company, or else the user it is about."""
        return Tenant(company_id=self.company_id) if self.company_id else Tenant(user_id=self.subject)

    @classmethod
    def from_json(cls, body: Any) -> Self:
        """Read a message's body. Raises KeyError, TypeError or ValueError if it is no event of OrderX."""
        company_id = body.get("companyid") if isinstance(body, dict) else None
        return cls(
            id=UUID(body["id"]),
            type=str(body["type"]),
            subject=UUID(body["subject"]),
            company_id=UUID(company_id) if company_id else None,
            data=dict(body["data"]),
            request_id=body.get("requestid"),
        )

    def as_json(self) -> Json:
        """The event in CloudEvents' JSON format, without the attributes that it does not have."""
        attributes = {
            "specversion": "1.0",
            "id": str(self.id),
            "source": "/orderx/" + self.type.partition(".")[0],
            "type": self.type,
            "subject": str(self.subject),
            "time": created_at(self.id).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "companyid": str(self.company_id) if self.company_id else None,
            "requestid": self.request_id,
            "data": self.data,
        }
        return {name: value for name, value in attributes.items() if value is not None}

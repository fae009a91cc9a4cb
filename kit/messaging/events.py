"""The declaration of events, and publishing them: an event is announced in the transaction that makes it true.

Each area declares its events in `domain/<area>/events.py`: a payload type and a name, which is also the routing key.

    @dataclass(frozen=True, slots=True)
    class ShopClosed:
        shop_id: UUID

    SHOP_CLOSED = Event("shop.closed", ShopClosed, "A shop was closed permanently.")

    events.publish(SHOP_CLOSED, ShopClosed(shop_id=shop.id), subject=shop.id, company_id=shop.company_id)
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar
from uuid import UUID

import orjson

from kit.db import Json
from kit.messaging import outbox

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

EXCHANGE = "ecommerce_exchange"
"""The topic exchange that events are published to. The routing key is the event's name."""

Payload = TypeVar("Payload", bound="DataclassInstance")


@dataclass(frozen=True, slots=True)
class Event(Generic[Payload]):
    """An event: its name (`order.created`), the type of its payload, and one sentence that says what happened.

    A payload is a frozen dataclass of ids, numbers, codes, `Money`, times (UTC), and lists or dataclasses of these. It
    has no personal data, because events are kept and nothing rewrites them.
    Events of users belong to no company: their `of_company` is False.
    """

    name: str
    payload: type[Payload]
    summary: str
    of_company: bool = True

    @property
    def group(self) -> str:
        """The first part of the name: `order` of `order.created`."""
        return self.name.partition(".")[0]


def publish(
    event: Event[Payload], payload: Payload, *, subject: UUID, company_id: UUID | None, sequence: int | None = None
) -> None:
    """Publish an event when the current transaction commits, as a CloudEvent 1.0 about `subject`.

    `company_id` is None for an event that belongs to no company (`of_company=False`). `sequence` orders the events
    about a subject: the version of its row, which this transaction has locked.
    """
    outbox.publish(event.name, as_plain_json(payload), subject=subject, company_id=company_id, sequence=sequence)


class AnnouncedRow(Protocol):
    """A versioned row of a company that events are about."""

    @property
    def id(self) -> UUID: ...
    @property
    def company_id(self) -> UUID: ...
    @property
    def version(self) -> int: ...


def publish_about(row: AnnouncedRow, event: Event[Payload], payload: Payload) -> None:
    """Publish an event about this row, which the transaction has created or locked, in the sequence of its versions."""
    publish(event, payload, subject=row.id, company_id=row.company_id, sequence=row.version)


def as_plain_json(payload: "DataclassInstance") -> Json:
    """The payload as JSON types: ids as strings, times in RFC 3339 (UTC), money as `{"amount", "currency"}`."""
    plain: Json = orjson.loads(orjson.dumps(payload, option=orjson.OPT_UTC_Z))
    return plain

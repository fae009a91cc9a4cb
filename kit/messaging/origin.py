"""The origin of what happens: a request, and the event that a reaction handles. Events, sagas and tasks carry it."""

from dataclasses import dataclass, replace
from typing import Any, Self
from uuid import UUID

import orjson

from kit.db import Json
from kit.ids import new_id

ATTRIBUTES = ("requestid", "traceparent", "correlationid", "causationid", "hops")
"""The names of an event's attributes that say where it comes from."""

_SAMPLED = "01"
"""The trace flags of a new trace."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an event or a saga comes from.

    `request_id` and `traceparent` (W3C Trace Context) are those of the request that led to it; None if no request did.
    What a run of a schedule starts has the `traceparent` of that run. `hops` is the number of reactions since then. If
    there are any, `causation_id` is the event that the last reaction handled, and `correlation_id` the first event of
    the chain.
    """

    request_id: str | None = None
    traceparent: str | None = None
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    hops: int = 0

    @classmethod
    def from_json(cls, attributes: Json | None) -> Self:
        """Read the attributes as as_json() names them; the other ones are ignored."""
        given = attributes or {}
        return cls(
            request_id=given.get("requestid"),
            traceparent=given.get("traceparent"),
            correlation_id=read_id(given["correlationid"]) if "correlationid" in given else None,
            causation_id=read_id(given["causationid"]) if "causationid" in given else None,
            hops=read_number(given.get("hops", 0)),
        )

    def as_json(self) -> Json:
        """The origin as attributes of an event, by their names in CloudEvents, without empty ones."""
        correlation_id = self.correlation_id and str(self.correlation_id)
        causation_id = self.causation_id and str(self.causation_id)
        values = (self.request_id, self.traceparent, correlation_id, causation_id, self.hops or None)
        return {name: value for name, value in zip(ATTRIBUTES, values, strict=True) if value is not None}

    @property
    def request_fields(self) -> dict[str, str]:
        """The fields of a task's message that say which request it results from."""
        fields = {"requestid": self.request_id, "traceparent": self.traceparent}
        return {name: value for name, value in fields.items() if value}

    @classmethod
    def from_columns(cls, traceparent: str | None, context: Json | None) -> Self:
        """Read the columns of a table of sagas, where the traceparent has a separate column."""
        return replace(cls.from_json(context), traceparent=traceparent)

    def as_columns(self) -> Json:
        """The values of these columns."""
        context = replace(self, traceparent=None).as_json()
        return {"traceparent": self.traceparent, "context": orjson.dumps(context).decode() if context else None}


def begin_trace(trace: UUID) -> str:
    """The traceparent of a new trace, whose trace id is this id without dashes."""
    return f"00-{trace.hex}-{new_id().hex[16:]}-{_SAMPLED}"


def trace_id(traceparent: Any) -> str | None:
    """The trace id in a traceparent: `4bf9…` of `00-4bf9…-00f0…-01`."""
    return traceparent.partition("-")[2].partition("-")[0] or None if isinstance(traceparent, str) else None


def read_id(value: object) -> UUID:
    """The id. Raises ValueError."""
    return UUID(str(value))  # UUID() of another type than str raises AttributeError


def read_number(value: object) -> int:
    """The number. Raises ValueError or TypeError; int() of an infinite float would raise OverflowError."""
    return int(str(value))

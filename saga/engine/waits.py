"""Declare signals, which are messages to a saga about outside events, and the waits for them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from kit.db import Json
from kit.errors import Invalid
from saga.engine.errors import InvalidDefinition

Payload = TypeVar("Payload")

OnExpiry = Literal["undo", "go_on", "incident"]

Condition = Callable[[Mapping[str, Json]], bool]
"""A pure function of the outcomes recorded so far, by the name of the step or signal."""

WAIT_EXPIRED = "wait_expired"
"""The error code of a wait that has expired."""

_SIGNAL_NAME_PATTERN = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
"""With a dot, so that in the journal no signal has the name of a step."""


class InvalidPayload(Invalid):
    """The payload does not have the type that the signal declares."""

    code = "invalid_payload"


@dataclass(frozen=True, slots=True)
class NoPayload:
    """The payload of a signal without data: an empty object."""


@dataclass(frozen=True)
class Signal(Generic[Payload]):
    """Something that a saga can wait for, such as `payment.confirmed`, with the type of its payload.

    The type is a dataclass. Payloads carry ids, never personal data.
    """

    name: str
    payload: type[Payload] = NoPayload  # type: ignore[assignment]  # the default is a Signal[NoPayload]

    def __post_init__(self) -> None:
        if not _SIGNAL_NAME_PATTERN.fullmatch(self.name):
            raise InvalidDefinition(f"{self.name!r} is no name of a signal: it is written as payment.confirmed")
        if not is_dataclass(self.payload):
            raise InvalidDefinition(f"{self.name}: the payload's type is a dataclass")

    @cached_property
    def _type(self) -> TypeAdapter[Payload]:
        return TypeAdapter(self.payload)

    def payload_as_json(self, payload: Any) -> Json:
        """The payload, an instance or a JSON object, as the journal keeps it.

        Raises InvalidPayload, which names each wrong field, unless it has exactly the declared shape.
        """
        try:
            checked = self._type.validate_json(to_json(payload), strict=True, extra="forbid")
        except ValidationError as refused:
            fields: dict[str, list[str]] = {}
            for error in refused.errors(include_url=False, include_input=False, include_context=False):
                path = ".".join(str(part) for part in error["loc"]) or "payload"
                fields.setdefault(path, []).append(error["msg"])
            problems = "; ".join(f"{path}: {', '.join(messages)}" for path, messages in fields.items())
            raise InvalidPayload(f"the payload of {self.name} is not valid: {problems}", fields=fields) from None
        as_json: Json = self._type.dump_python(checked, mode="json")
        return as_json

    def payload_in(self, outcomes: Mapping[str, Json]) -> Payload | None:
        """The payload that the saga has received; None if the wait was skipped or has expired."""
        outcome = outcomes.get(self.name)
        return None if outcome is None else self._type.validate_json(to_json(outcome))


@dataclass(frozen=True, eq=False)
class Wait:
    """A stage that waits for a signal. Created by `wait_for`; the journal keeps it in a row, as it does a step."""

    signal: Signal[Any]
    when: Condition | None
    expires: timedelta
    on_expiry: OnExpiry

    def __post_init__(self) -> None:
        if self.expires <= timedelta(0):
            raise InvalidDefinition(f"the wait for {self.name} must expire after some time")
        if self.on_expiry not in get_args(OnExpiry):
            raise InvalidDefinition(f"the wait for {self.name}: on_expiry is one of {', '.join(get_args(OnExpiry))}")
        if self.condition == "<lambda>":
            raise InvalidDefinition(f"the wait for {self.name}: `when` is part of the definition, and needs a name")

    @property
    def name(self) -> str:
        """The name of the signal: `payment.confirmed`."""
        return self.signal.name

    @property
    def condition(self) -> str | None:
        """The name of the function `when`, if there is one."""
        return self.when and self.when.__name__

    def applies_to(self, outcomes: Mapping[str, Json]) -> bool:
        """Whether there is something to wait for."""
        return self.when is None or self.when(outcomes)

    def __str__(self) -> str:
        return self.name

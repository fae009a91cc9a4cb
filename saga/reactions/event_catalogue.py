"""The catalogue of events: all that areas and sagas declare."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from domain import areas
from kit.messaging.events import Event
from saga.engine import events as saga_events


@dataclass(frozen=True, slots=True)
class Entry:
    """An event and the area that publishes it."""

    area: str
    event: Event[Any]


@cache
def catalogue() -> dict[str, Entry]:
    """All declared events by name, in the order of the areas. Raises TypeError if two events have the same name."""
    entries: dict[str, Entry] = {}
    for area, module in _event_modules():
        for event in _declared_in(module):
            if event.name in entries:
                raise TypeError(f"{area} and {entries[event.name].area} both declare {event.name}")
            entries[event.name] = Entry(area, event)
    return entries


def _event_modules() -> Iterator[tuple[str, ModuleType]]:
    """Each module that declares events, with its area."""
    for module in areas.modules("domain", "events"):
        yield module.__name__.split(".")[1], module
    yield "sagas", saga_events


def _declared_in(module: ModuleType) -> Iterator[Event[Any]]:
    return (each for each in vars(module).values() if isinstance(each, Event))

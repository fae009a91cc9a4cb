"""Draw a saga's definition as a Mermaid flowchart."""

from collections.abc import Iterator
from datetime import timedelta

from saga.engine.definition import Saga, Stage
from saga.engine.step import Step
from saga.engine.waits import Wait


def draw(saga: Saga) -> str:
    """Return the Mermaid source: steps from left to right, each undo below its step, the pivot with a thick border.

    A wait is a hexagon, with what happens when it expires.
    """
    return "\n".join(("flowchart LR", *_lines(saga)))


def _lines(saga: Saga) -> Iterator[str]:
    previous = ["start"]
    yield "    start((pending))"
    for stage in saga.stages:
        if stage is _first_afterwards(saga):
            yield "    ending((done))"
            yield from (f"    {name} --> ending" for name in previous)
            previous = ["ending"]
        for entry in stage.entries:
            yield f"    {_node(entry)}{_shape(entry)}"
            yield from (f"    {name} {_arrow(stage)} {_node(entry)}" for name in previous)
            yield from _way_back(entry)
        if stage.kind != "afterwards":
            previous = [_node(entry) for entry in stage.entries]
        if stage.is_pivot:
            yield f"    style {previous[0]} stroke-width:4px"


def _node(entry: Step | Wait) -> str:
    return f"wait_{entry.name.replace('.', '_')}" if isinstance(entry, Wait) else entry.name


def _shape(entry: Step | Wait) -> str:
    if not isinstance(entry, Wait):
        return f"[{_words(entry.name)}]"
    condition = f" if {_words(entry.condition)}" if entry.condition else ""
    return f'{{{{"wait for {entry.name}{condition}, {_duration(entry.expires)} at most"}}}}'


def _way_back(entry: Step | Wait) -> Iterator[str]:
    if isinstance(entry, Wait):
        ending = {"undo": "undo all", "go_on": "go on without it", "incident": "incident"}[entry.on_expiry]
        yield f"    {_node(entry)} -. expired .-> {_node(entry)}_expired([{ending}])"
    elif entry.undo_name:
        yield f"    {entry} -. undo .-> {entry.undo_name}([{_words(entry.undo_name)}])"


def _arrow(stage: Stage) -> str:
    return "-->" if stage.kind != "afterwards" else "-.->"


def _first_afterwards(saga: Saga) -> Stage | None:
    return next((stage for stage in saga.stages if stage.kind == "afterwards"), None)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _duration(time: timedelta) -> str:
    """The time in its largest whole unit: `3 days`, `90 minutes`."""
    seconds = int(time.total_seconds())
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds // length} {unit}{'s' * (seconds > length)}"
    return f"{seconds} second{'s' * (seconds != 1)}"

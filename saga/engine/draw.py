"""Draw a saga's definition as a Mermaid flowchart."""

from collections.abc import Iterator

from saga.engine.definition import Saga, Stage
from saga.engine.step import Step


def draw(saga: Saga) -> str:
    """Return the Mermaid source: steps from left to right, each undo below its step, the pivot with a thick border."""
    return "\n".join(("flowchart LR", *_lines(saga)))


def _lines(saga: Saga) -> Iterator[str]:
    previous = ["start"]
    yield "    start((pending))"
    for stage in saga.stages:
        if stage is _first_afterwards(saga):
            yield "    ending((done))"
            yield from (f"    {name} --> ending" for name in previous)
            previous = ["ending"]
        for step in stage.steps:
            yield f"    {step}[{_words(step.name)}]"
            yield from (f"    {name} {_arrow(stage)} {step}" for name in previous)
            yield from _undo(step)
        if stage.kind != "afterwards":
            previous = [step.name for step in stage.steps]
        if stage.is_pivot:
            yield f"    style {previous[0]} stroke-width:4px"


def _undo(step: Step) -> Iterator[str]:
    if step.undo_name:
        yield f"    {step} -. undo .-> {step.undo_name}([{_words(step.undo_name)}])"


def _arrow(stage: Stage) -> str:
    return "-->" if stage.kind != "afterwards" else "-.->"


def _first_afterwards(saga: Saga) -> Stage | None:
    return next((stage for stage in saga.stages if stage.kind == "afterwards"), None)


def _words(name: str) -> str:
    return name.replace("_", " ")

"""A saga's picture, from its declaration: a Mermaid flowchart."""

from collections.abc import Iterator

from saga.engine.declaration import Saga, Stage, Step


def draw(saga: Saga) -> str:
    """The saga as Mermaid source: steps left to right, each undo below its step, the pivot with a thick border."""
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
        if stage.verb != "afterwards":
            previous = [step.name for step in stage.steps]
        if stage.pivot:
            yield f"    style {previous[0]} stroke-width:4px"


def _undo(step: Step) -> Iterator[str]:
    if step.undo_name:
        yield f"    {step} -. undo .-> {step.undo_name}([{_words(step.undo_name)}])"


def _arrow(stage: Stage) -> str:
    return "-->" if stage.verb != "afterwards" else "-.->"


def _first_afterwards(saga: Saga) -> Stage | None:
    return next((stage for stage in saga.stages if stage.verb == "afterwards"), None)


def _words(name: str) -> str:
    return name.replace("_", " ")

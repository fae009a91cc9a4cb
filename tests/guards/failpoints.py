"""All failpoints, read from the source."""

import ast
from collections.abc import Iterator

from kit.process import failpoints
from saga.engine.batch_functions import makes_calls
from saga.engine.step_functions import BatchFunction
from saga.registry import STEPS
from tests.guards.source_tree import sources, tree

PACKAGES = ("api", "workers", "saga", "kit")

FUNCTIONS: tuple[BatchFunction, ...] = tuple(
    function for step in STEPS.values() for function in (step.function, step.undo_function) if function
)
CALLING = tuple(function for function in FUNCTIONS if makes_calls(function))

PASSING = {"step.begun": CALLING, "step.called": CALLING, "step.answered": FUNCTIONS}
"""What passes through the windows that several things pass through."""


def calls() -> Iterator[ast.Call]:
    """Every `failpoints.hit(...)` in the code."""
    for path in sources(*PACKAGES):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "failpoints.hit":
                yield node


def points() -> list[str]:
    """The name of every point: each window, times what passes through it."""
    names = set()
    for call in calls():
        window = ast.literal_eval(call.args[0])
        if len(call.args) == 1:
            names.add(window)
        else:
            names |= {failpoints.name(window, act.__name__) for act in PASSING[window]}
    return sorted(names)

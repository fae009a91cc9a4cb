import re

import pytest

from saga.cancel_order import CANCEL_ORDER
from saga.engine.definition import Saga, afterwards, then, together
from saga.engine.draw import draw
from saga.place_order import PLACE_ORDER
from tests.saga.engine.saga_harness import Script

LINE = re.compile(
    r"""\s{4}(
        \w+(\[[\w\s]+\]|\(\([\w\s]+\)\))            # a node with its text
        | \w+\s(-->|-\.->)\s\w+                     # an arrow
        | \w+\s-\.\sundo\s\.->\s\w+\(\[[\w\s]+\]\)  # an arrow to an undo, which it names
        | style\s\w+\sstroke-width:4px
    )""",
    re.VERBOSE,
)


def toy():
    script = Script()
    fold, cut, glue, show, tell = (script.step(name) for name in ("fold", "cut", "glue", "show", "tell"))
    hook = script.hook("end")
    return Saga(
        "toy", together(fold, cut), then(glue), afterwards(show), afterwards(tell), when_done=hook, when_undone=hook
    )


class TestDraw:
    @pytest.mark.parametrize("saga", [PLACE_ORDER, CANCEL_ORDER, toy()], ids=lambda saga: saga.name)
    def test_is_a_mermaid_flowchart(self, saga):
        head, *lines = draw(saga).split("\n")
        assert head == "flowchart LR"
        assert [line for line in lines if not LINE.fullmatch(line)] == []

    def test_shows_every_step_and_undo(self):
        picture = draw(PLACE_ORDER)
        for step in PLACE_ORDER.steps.values():
            assert f"    {step}[" in picture
            assert step.undo_name is None or f"{step} -. undo .-> {step.undo_name}([" in picture

    def test_forks_and_joins_a_parallel_stage(self):
        lines = draw(PLACE_ORDER).split("\n")
        for step in ("reserve_stock", "authorise_payment"):
            assert f"    start --> {step}" in lines
            assert f"    {step} --> capture_payment" in lines

    def test_marks_the_pivot(self):
        assert "    style capture_payment stroke-width:4px" in draw(PLACE_ORDER).split("\n")

    def test_attaches_afterwards_steps_to_the_ending(self):
        lines = draw(toy()).split("\n")
        assert {"    glue --> ending", "    ending -.-> show", "    ending -.-> tell"} <= set(lines)

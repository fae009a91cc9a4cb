"""An example of a saga that waits, run by chaos beside the orders: no saga of OrderX waits for a signal yet.

Its definition reaches the workers by ORDERX_EXAMPLE_SAGAS (saga/registry.py). Its steps do nothing: the journal shows
whether each has run, and whether the saga has ended as its signals say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from saga.engine.definition import Ending, Saga, then, wait_for
from saga.engine.step import step
from saga.engine.step_functions import Subject
from saga.engine.waits import Signal

EXPIRES = timedelta(seconds=6)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the signal says; two signals may contradict each other."""

    number: int


CONFIRMED = Signal("example.confirmed", Answer)
FOLLOWED = Signal("example.followed")


@step(area="inventory")
def begin_example(subject: Subject) -> None:
    """Do nothing."""


@begin_example.undo
def undo_example(subject: Subject) -> None:
    """Do nothing."""


@step(area="inventory", irreversible="the example is confirmed")
def confirm_example(subject: Subject) -> None:
    """Do nothing."""


@step(area="inventory", irreversible="the example is over")
def close_example(subject: Subject) -> None:
    """Do nothing."""


def end_examples(endings: Sequence[Ending]) -> None:
    """Do nothing."""


EXAMPLE_WAIT = Saga(
    "example_wait",
    then(begin_example),
    wait_for(CONFIRMED, expires=EXPIRES, on_expiry="undo"),
    then(confirm_example, pivot=True),
    wait_for(FOLLOWED, expires=EXPIRES, on_expiry="go_on"),
    then(close_example),
    when_done=end_examples,
    when_undone=end_examples,
)

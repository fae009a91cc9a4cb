"""A process that moves a waiting saga, to be killed at a failpoint: `python -m … advance|signal|sweep SAGA COMPANY`."""

import sys
from collections.abc import Sequence
from uuid import UUID

from saga.engine import executor, signals
from saga.engine.definition import Ending, Saga, then, wait_for
from saga.engine.locked_saga import SagaRef
from saga.engine.step import step
from saga.engine.step_functions import Subject
from saga.engine.sweep import sweep
from tests.saga.engine.toy_signals import A_DAY, CONFIRMED, YES


@step(area="toys")
def fold(subject: Subject) -> None:
    """Do nothing."""


@fold.undo
def unfold(subject: Subject) -> None:
    """Do nothing."""


@step(area="toys", irreversible="it is cut")
def cut(subject: Subject) -> None:
    """Do nothing."""


def end(endings: Sequence[Ending]) -> None:
    """Do nothing."""


SAGA = Saga(
    "toy",
    then(fold),
    wait_for(CONFIRMED, expires=A_DAY, on_expiry="undo"),
    then(cut),
    when_done=end,
    when_undone=end,
)


def find(_name: str, _version: int | None) -> Saga:
    return SAGA


def move(action: str, ref: SagaRef) -> None:
    """What a worker, a sender of signals or a sweeper does."""
    if action == "advance":
        executor.run_steps({ref: []}, find, continue_inline=True)
    elif action == "signal":
        signals.signal(ref, find, signal=CONFIRMED, payload=YES, by="test")
    else:
        sweep(find)


if __name__ == "__main__":
    _, action, saga_id, company_id = sys.argv
    move(action, SagaRef(UUID(saga_id), UUID(company_id)))

"""Performing one step or one undo: a transaction; or, around an outside call, one before it and one after it."""

from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass
from typing import Any

from kit import crash, db
from kit.db import Json
from kit.errors import DomainError
from saga.engine import flow
from saga.engine.declaration import Act, Call, Outcome, Step
from saga.engine.errors import Refused, TryAgain
from saga.engine.journal import Find, OpenSaga, Ref, locked


def take_step(ref: Ref, name: str, find: Find) -> None:
    """Take one step of a parallel stage or of what comes afterwards; a repeated or late message changes nothing."""

    def choose(saga: OpenSaga) -> Step | None:
        step = saga.definition.steps[name]
        return step if flow.awaits(saga, step) else None

    _perform(ref, find, _FORWARD, choose)


def advance(ref: Ref, find: Find) -> None:
    """Take the saga on through the stages that stand in line, one transaction after the other."""
    while _perform(ref, find, _FORWARD, flow.next_in_turn):
        pass


def take_undo(ref: Ref, name: str, find: Find) -> None:
    """Undo one step, if it is the one whose undo is due."""

    def choose(saga: OpenSaga) -> Step | None:
        step = saga.definition.steps[name]
        return step if flow.awaits_undo(saga, step) else None

    _perform(ref, find, _BACKWARD, choose)


@dataclass(frozen=True, slots=True)
class _Direction:
    """What differs between doing and undoing."""

    act: Callable[[Step], Act]
    begun: str
    begin: Callable[[OpenSaga, Step], None]
    awaits: Callable[[OpenSaga, Step], bool]
    succeed: Callable[[OpenSaga, Step, Json | None], bool | None]
    refuse: Callable[[OpenSaga, Step, Json], bool | None]
    retry: Callable[[OpenSaga, Step, Json], bool | None]


def _undo_of(step: Step) -> Act:
    assert step.undo_act is not None
    return step.undo_act


_FORWARD = _Direction(lambda step: step.act, "running", flow.begin, flow.awaits, flow.succeed, flow.fail, flow.retry)
_BACKWARD = _Direction(
    _undo_of, "undoing", flow.begin_undo, flow.awaits_undo, flow.undone, flow.retry_undo, flow.retry_undo
)


def _perform(ref: Ref, find: Find, direction: _Direction, choose: Callable[[OpenSaga], Step | None]) -> bool:
    saga = step = None
    try:
        with locked(ref, find) as saga:
            step = choose(saga)
            if step is None:
                return False
            direction.begin(saga, step)
            act = direction.act(step)
            running = act(saga.subject(step))
            call, outcome = until_the_call(running) if isinstance(running, Generator) else (None, running)
            saga.calling = call is not None
            moved = not call and _answer(saga, direction, step, outcome)
        if call:
            assert isinstance(running, Generator)
            crash.point("step.begun", act.__name__)
            answer = call()  # no transaction is open here: a slow provider holds no lock and no connection
            crash.point("step.called", act.__name__)
            with locked(ref, find) as saga:
                moved = _hear(saga, direction, step, running, answer)
    except Exception as error:
        if saga is None or db.is_outage(error):
            raise  # the database is gone, which is no reason to undo anything: the step waits and is taken again
        if step is None:
            return _give_up(saga, find, error)
        moved = _record(ref, find, direction, step, error)
    crash.point("step.answered", direction.act(step).__name__)
    return moved


def _hear(
    saga: OpenSaga, direction: _Direction, step: Step, running: Generator[Call, Any, Outcome], answer: Any
) -> bool:
    if not direction.awaits(saga, step):
        saga.note("answered_late", step)
        return False
    return _answer(saga, direction, step, after_the_call(running, answer))


def _give_up(undecided: OpenSaga, find: Find, error: Exception) -> bool:
    """Have an operator look: a hook could not decide the ending, and there is no step that could be tried again."""
    with locked(undecided.ref, find) as saga:
        if saga.due_at == undecided.due_at:  # nobody has moved it since
            flow.cannot_decide(saga, asdict(_refusal(error)))
    return False


def _record(ref: Ref, find: Find, direction: _Direction, step: Step, error: Exception) -> bool:
    with locked(ref, find) as saga:
        if not direction.awaits(saga, step):
            return False
        if saga.of(step).state != direction.begun:  # its beginning was rolled back with the rest
            direction.begin(saga, step)
        return _answer(saga, direction, step, _refusal(error))


def _refusal(error: Exception) -> Refused | TryAgain:
    no = Refused if isinstance(error, DomainError) else TryAgain
    return no(getattr(error, "code", type(error).__name__), str(error))


def _answer(saga: OpenSaga, direction: _Direction, step: Step, outcome: Outcome) -> bool:
    if isinstance(outcome, Refused):
        return bool(direction.refuse(saga, step, asdict(outcome)))
    if isinstance(outcome, TryAgain):
        return bool(direction.retry(saga, step, asdict(outcome)))
    return bool(direction.succeed(saga, step, outcome))


def until_the_call(running: Generator[Call, Any, Outcome]) -> tuple[Call | None, Outcome]:
    """Run a step up to its outside call: (the call, None), or (None, its outcome) when it makes none."""
    try:
        return next(running), None
    except StopIteration as finished:
        return None, finished.value


def after_the_call(running: Generator[Call, Any, Outcome], answer: Any) -> Outcome:
    """Run a step from its outside call's answer to its end."""
    try:
        running.send(answer)
    except StopIteration as finished:
        outcome: Outcome = finished.value
        return outcome
    raise AssertionError("a step makes one outside call")

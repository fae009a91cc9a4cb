"""Performing a step or an undo, for one saga or for many of one company at once.

That is one transaction; or, around outside calls, one before them and one after them. Whatever goes wrong while several
sagas are moved at once rolls the transaction back and is raised: whoever called takes them one by one then, and each
has its own trouble recorded.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from uuid import UUID

from kit import crash, db
from kit.db import Json
from kit.errors import DomainError
from saga.engine import calls, flow
from saga.engine.acts import Running
from saga.engine.declaration import Act, ActOnAll, Answers, Call, Outcome, Step
from saga.engine.errors import Refused, TryAgain
from saga.engine.journal import Find, OpenSaga, Ref, all_locked, locked


def take_step(refs: Sequence[Ref], name: str, find: Find) -> None:
    """Take one step of a parallel stage or of what comes afterwards; a repeated or late message changes nothing."""

    def choose(saga: OpenSaga) -> Step | None:
        step = saga.definition.steps[name]
        return step if flow.awaits(saga, step) else None

    _perform(refs, find, _FORWARD, choose)


def advance(refs: Sequence[Ref], find: Find) -> None:
    """Take the sagas on through the stages that stand in line, one transaction after the other."""
    while refs:
        refs = _perform(refs, find, _FORWARD, flow.next_in_turn)


def take_undo(refs: Sequence[Ref], name: str, find: Find) -> None:
    """Undo one step, where it is the one whose undo is due."""

    def choose(saga: OpenSaga) -> Step | None:
        step = saga.definition.steps[name]
        return step if flow.awaits_undo(saga, step) else None

    _perform(refs, find, _BACKWARD, choose)


@dataclass(frozen=True, slots=True)
class _Direction:
    """What differs between doing and undoing."""

    act: Callable[[Step], Act | ActOnAll]
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


@dataclass(slots=True)
class _Turn:
    """A step, or an undo, that is being taken for these sagas (by subject)."""

    direction: _Direction
    step: Step
    sagas: dict[UUID, OpenSaga]
    running: Running = field(init=False)
    calls: dict[UUID, Call] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The step's name, or its undo's."""
        return self.direction.act(self.step).__name__

    def take(self) -> list[Ref]:
        """Run it up to its outside calls; without any, to its end: who has then moved on to a step next in line."""
        for saga in self.sagas.values():
            self.direction.begin(saga, self.step)
        act, batched = self.direction.act(self.step), self.step.batched and self.direction is _FORWARD
        self.running = Running(act, [saga.subject(self.step) for saga in self.sagas.values()], batched=batched)
        self.calls = self.running.until_the_calls()
        for saga in self.sagas.values():
            saga.calling = bool(self.calls)
        return [] if self.calls else self._answer(self.running.outcomes)

    def hear(self, opened: Iterable[OpenSaga], answers: Answers, raised: Mapping[UUID, Exception]) -> list[Ref]:
        """Run it from the calls' answers to its end, for those sagas that still wait for it."""
        self.sagas = {saga.subject_id: saga for saga in opened if saga.subject_id in self.sagas}
        for saga in list(self.sagas.values()):
            if not self.direction.awaits(saga, self.step):
                saga.note("answered_late", self.step)
                del self.sagas[saga.subject_id]
        heard = {subject: answer for subject, answer in answers.items() if subject in self.sagas}
        trouble = {subject: _refusal(error) for subject, error in raised.items()}
        return self._answer({**self.running.after_the_calls(heard), **trouble})

    def _answer(self, outcomes: Mapping[UUID, Outcome]) -> list[Ref]:
        return [
            saga.ref
            for subject, saga in self.sagas.items()
            if _answered(saga, self.direction, self.step, outcomes.get(subject))
        ]


def _perform(
    refs: Sequence[Ref], find: Find, direction: _Direction, choose: Callable[[OpenSaga], Step | None]
) -> list[Ref]:
    """Take for each saga the step whose turn it is, if any; which of them have moved on to one next in line."""
    sagas: list[OpenSaga] = []
    turns: list[_Turn] = []
    try:
        with all_locked(refs, find) as sagas:
            turns = _turns(sagas, direction, choose)
            moved = [ref for turn in turns for ref in turn.take()]
        calling = [turn for turn in turns if turn.calls]
        if calling:
            moved += _call(calling, find)
    except Exception as error:
        if len(refs) > 1 or not sagas or db.is_outage(error):
            raise  # a database that is gone is no reason to undo anything: the step waits and is taken again
        if not turns:
            return _give_up(sagas[0], find, error)
        moved = _record(refs[0], find, direction, turns[0].step, error)
    for turn in turns:
        crash.point("step.answered", turn.name)
    return moved


def _turns(sagas: Iterable[OpenSaga], direction: _Direction, choose: Callable[[OpenSaga], Step | None]) -> list[_Turn]:
    whose: dict[tuple[str, Step], dict[UUID, OpenSaga]] = defaultdict(dict)
    for saga in sagas:
        step = choose(saga)
        if step:
            whose[saga.definition.name, step][saga.subject_id] = saga
    return [_Turn(direction, step, its) for (_, step), its in whose.items()]


def _call(turns: Sequence[_Turn], find: Find) -> list[Ref]:
    """Make the outside calls, without a transaction: a slow provider holds no lock and no connection; then go on."""
    for turn in turns:
        crash.point("step.begun", turn.name)
    answers = [calls.answered(turn.calls) for turn in turns]
    for turn in turns:
        crash.point("step.called", turn.name)
    with all_locked([saga.ref for turn in turns for saga in turn.sagas.values()], find) as sagas:
        return [ref for turn, its in zip(turns, answers, strict=True) for ref in turn.hear(sagas, *its)]


def _give_up(undecided: OpenSaga, find: Find, error: Exception) -> list[Ref]:
    """Have an operator look: a hook could not decide the ending, and there is no step that could be tried again."""
    with locked(undecided.ref, find) as saga:
        if saga.due_at == undecided.due_at:  # nobody has moved it since
            flow.cannot_decide(saga, asdict(_refusal(error)))
    return []


def _record(ref: Ref, find: Find, direction: _Direction, step: Step, error: Exception) -> list[Ref]:
    with locked(ref, find) as saga:
        if not direction.awaits(saga, step):
            return []
        if saga.of(step).state != direction.begun:  # its beginning was rolled back with the rest
            direction.begin(saga, step)
        return [ref] if _answered(saga, direction, step, _refusal(error)) else []


def _refusal(error: Exception) -> Refused | TryAgain:
    no = Refused if isinstance(error, DomainError) else TryAgain
    return no(getattr(error, "code", type(error).__name__), str(error))


def _answered(saga: OpenSaga, direction: _Direction, step: Step, outcome: Outcome) -> bool:
    if isinstance(outcome, Refused):
        return bool(direction.refuse(saga, step, asdict(outcome)))
    if isinstance(outcome, TryAgain):
        return bool(direction.retry(saga, step, asdict(outcome)))
    return bool(direction.succeed(saga, step, outcome))

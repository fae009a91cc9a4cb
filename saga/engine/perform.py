"""Performing steps and undos, for one saga or for many of one company at once.

A transaction goes as far as it can: up to the next outside calls, which are made without one, or to where nothing is
left to do now. Whatever goes wrong while several sagas are moved at once rolls it back and is raised: whoever called
takes them one by one then. When it goes wrong for one, what failed is recorded as that step's answer; the steps that
stood before it in the same transaction are taken again first, each in one of its own. Where the saga itself cannot be
opened or moved, that counts as a fault of the saga (saga/engine/faults.py) and is raised.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from uuid import UUID

import structlog
from prometheus_client import Histogram

from kit import db
from kit.db import Json
from kit.errors import DomainError, OrderXError
from kit.process import failpoints
from saga.engine import calls, faults, flow
from saga.engine.acts import Running
from saga.engine.declaration import Act, ActOnAll, Answers, Call, Outcome, Step
from saga.engine.errors import InProgress, Refused, TryAgain
from saga.engine.journal import Find, OpenSaga, Ref, all_locked, locked

log = structlog.get_logger()

STEP_SECONDS = Histogram(
    "orderx_step_duration_seconds",
    "Duration of a step or an undo with its external calls; in a batch, of the whole batch, once per order",
    ["step", "outcome"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


def take_steps(wanted: Mapping[Ref, Collection[str]], find: Find, *, go_on: bool = False) -> list[Ref]:
    """Take for each saga those of the steps named for it, parallel ones or such as come afterwards, that it waits for.

    With `go_on`, sagas whose parallel stage has its last answer now are taken on through the stages that stand in line,
    and returned. So are, but not returned, those that wait for none of their steps: a message comes again when whoever
    was going on with it has died. Without, such a message changes nothing.
    """

    def choose(saga: OpenSaga) -> list[Step]:
        named = (step for step in saga.definition.steps.values() if step.name in wanted[saga.ref])
        awaited = [step for step in named if flow.awaits(saga, step)]
        next_in_turn = flow.next_in_turn(saga) if go_on and not awaited else None
        return [next_in_turn] if next_in_turn else awaited

    performance = _Performance(find, _FORWARD, choose, goes_on=go_on)
    several = len(wanted) > 1 or any(len(names) > 1 for names in wanted.values())
    with faults.counted([] if several else wanted):
        performance.run(list(wanted), several=several)
    return performance.joined


def take_undo(refs: Sequence[Ref], name: str, find: Find) -> None:
    """Undo one step, where it is the one whose undo is due."""

    def choose(saga: OpenSaga) -> list[Step]:
        step = saga.definition.steps[name]
        return [step] if flow.awaits_undo(saga, step) else []

    with faults.counted(refs):
        _Performance(find, _BACKWARD, choose).run(refs, several=len(refs) > 1)


@dataclass(frozen=True, slots=True)
class _Direction:
    """What differs between doing and undoing."""

    act: Callable[[Step], Act | ActOnAll]
    begun: str
    begin: Callable[[OpenSaga, Step], None]
    awaits: Callable[[OpenSaga, Step], bool]
    succeed: Callable[[OpenSaga, Step, Json | None], bool | None]
    refuse: Callable[[OpenSaga, Step, Json], bool | None]
    retry: Callable[..., bool | None]


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
    _begun: float = field(init=False)

    @property
    def name(self) -> str:
        """The step's name, or its undo's."""
        return self.direction.act(self.step).__name__

    def take(self) -> list[OpenSaga]:
        """Run it up to its outside calls; without any, to its end: which sagas a step next in line awaits then."""
        self._begun = time.perf_counter()
        for saga in self.sagas.values():
            self.direction.begin(saga, self.step)
        act, batched = self.direction.act(self.step), self.step.batched and self.direction is _FORWARD
        self.running = Running(act, [saga.subject(self.step) for saga in self.sagas.values()], batched=batched)
        self.calls = self.running.until_the_calls()
        return [] if self.calls else self._answer(self.running.outcomes)

    def hear(self, opened: Iterable[OpenSaga], answers: Answers, raised: Mapping[UUID, Exception]) -> list[OpenSaga]:
        """Run it from the calls' answers to its end, for those sagas that still wait for it."""
        self.calls, its = {}, {saga.ref for saga in self.sagas.values()}
        self.sagas = {saga.subject_id: saga for saga in opened if saga.ref in its}
        for saga in list(self.sagas.values()):
            if not self.direction.awaits(saga, self.step):
                saga.note("answered_late", self.step)
                del self.sagas[saga.subject_id]
        heard = {subject: answer for subject, answer in answers.items() if subject in self.sagas}
        trouble = {subject: _refusal(error) for subject, error in raised.items()}
        return self._answer({**self.running.after_the_calls(heard), **trouble})

    def _answer(self, outcomes: Mapping[UUID, Outcome]) -> list[OpenSaga]:
        seconds = time.perf_counter() - self._begun
        for subject in self.sagas:
            measured = STEP_SECONDS.labels(self.name, _kind(outcomes.get(subject)))
            db.after_commit(partial(measured.observe, seconds))
        return [
            saga
            for subject, saga in self.sagas.items()
            if _answered(saga, self.direction, self.step, outcomes.get(subject))
        ]


Choose = Callable[[OpenSaga], list[Step]]
"""Names the steps whose turn it is, if any."""


@dataclass(slots=True)
class _Performance:
    """Takes for each saga the steps whose turn it is, and then those next in line."""

    find: Find
    direction: _Direction
    choose: Choose
    goes_on: bool = False
    """Whether sagas are taken on from a parallel stage, too, as the chord's body would take them."""
    stepwise: bool = False
    """Whether those next in line are left for later."""
    joined: list[Ref] = field(default_factory=list)
    """The sagas that were taken on from a parallel stage."""
    _sagas: list[OpenSaga] = field(init=False)
    _trail: list[_Turn] = field(init=False)
    """What the transaction that was begun last has taken."""

    def run(self, refs: Sequence[Ref], *, several: bool) -> None:
        """Take them together; what goes wrong is raised where `several` are meant, and recorded where it is one."""
        self._sagas, self._trail = [], []
        try:
            self._together(refs)
        except Exception as error:
            if several or not self._sagas or db.is_outage(error):
                raise  # a database that is gone is no reason to undo anything: the step waits and is taken again
            self._recover(refs[0], error)

    def _together(self, refs: Sequence[Ref]) -> None:
        with self._opened(refs) as sagas:
            self._take(sagas)
        while calling := self._calling():
            answers = [_call(turn) for turn in calling]
            self._trail = list(calling)
            with self._opened([saga.ref for turn in calling for saga in turn.sagas.values()]) as sagas:
                moved = [saga for turn, its in zip(calling, answers, strict=True) for saga in turn.hear(sagas, *its)]
                if not self.stepwise:
                    self._take(moved)

    @contextmanager
    def _opened(self, refs: Sequence[Ref]) -> Iterator[list[OpenSaga]]:
        with all_locked(refs, self.find, goes_on=self.goes_on) as self._sagas:
            yield self._sagas
        self.joined += [saga.ref for saga in self._sagas if saga.joined]
        _passed(self._trail)

    def _take(self, sagas: Sequence[OpenSaga]) -> None:
        """Have them take their turns in this transaction, and then those next in line that they have moved on to."""
        while sagas:
            turns = _turns(sagas, self.direction, self.choose)
            self._trail += turns
            sagas = [saga for turn in turns for saga in turn.take()]
            if self.stepwise:
                break
        calling = self._calling()
        rounds = sum(calls.rounds(turn.calls) for turn in calling)
        for saga in (saga for turn in calling for saga in turn.sagas.values()):
            saga.rounds = rounds

    def _calling(self) -> list[_Turn]:
        return [turn for turn in self._trail if turn.calls]

    def _recover(self, ref: Ref, error: Exception) -> None:
        """Take again what stood before the step that failed, and make the error that step's answer."""
        if not self._trail:
            _give_up(self._sagas[0], self.find, error)
            return
        *before, failed = self._trail
        if self.goes_on and self._sagas[0].is_parallel(self._sagas[0].of(failed.step).stage):
            # It may be what its answer led to that failed, and not the step: with a message between them, that shows.
            replace(self, goes_on=False).run([ref], several=False)
            return
        for _ in before:
            replace(self, stepwise=True).run([ref], several=False)
        _record(ref, self.find, self.direction, failed.step, error)
        _passed(self._trail)


def _turns(sagas: Iterable[OpenSaga], direction: _Direction, choose: Choose) -> list[_Turn]:
    whose: dict[tuple[str, Step], dict[UUID, OpenSaga]] = defaultdict(dict)
    for saga in sagas:
        for step in choose(saga):
            whose[saga.definition.name, step][saga.subject_id] = saga
    return [_Turn(direction, step, its) for (_, step), its in whose.items()]


def _call(turn: _Turn) -> tuple[Answers, Mapping[UUID, Exception]]:
    """Make the outside calls: no transaction is open, so that a slow provider holds no lock and no connection."""
    failpoints.hit("step.begun", turn.name)
    answers = calls.answered(turn.calls)
    failpoints.hit("step.called", turn.name)
    return answers


def _passed(trail: Iterable[_Turn]) -> None:
    for turn in trail:
        if not turn.calls:
            failpoints.hit("step.answered", turn.name)


def _give_up(undecided: OpenSaga, find: Find, error: Exception) -> None:
    """Have an operator look: a hook could not decide the ending, and there is no step that could be tried again."""
    with locked(undecided.ref, find) as saga:
        if saga.due_at == undecided.due_at:  # nobody has moved it since
            flow.cannot_decide(saga, asdict(_refusal(error)))


def _record(ref: Ref, find: Find, direction: _Direction, step: Step, error: Exception) -> None:
    with locked(ref, find) as saga:
        if not direction.awaits(saga, step):
            return
        if saga.of(step).state != direction.begun:  # its beginning was rolled back with the rest
            direction.begin(saga, step)
        _answered(saga, direction, step, _refusal(error))


def _refusal(error: Exception) -> Refused | TryAgain:
    if isinstance(error, OrderXError):
        no = Refused if isinstance(error, DomainError) else TryAgain
        return no(error.code, error.message)
    # Nobody has foreseen it. Buyers see what the journal tells, so what it says is for the log alone.
    log.error("a step went wrong", exc_info=error)
    return TryAgain(type(error).__name__)


def _kind(outcome: Outcome) -> str:
    if isinstance(outcome, Refused):
        return "refused"
    return "retried" if isinstance(outcome, TryAgain) else "done"


def _answered(saga: OpenSaga, direction: _Direction, step: Step, outcome: Outcome) -> bool:
    if isinstance(outcome, Refused):
        return bool(direction.refuse(saga, step, asdict(outcome)))
    if isinstance(outcome, TryAgain):
        return bool(direction.retry(saga, step, asdict(outcome), tried=not isinstance(outcome, InProgress)))
    return bool(direction.succeed(saga, step, outcome))

"""One transaction of an executor: the sagas that it locks, and the executions that it starts or finishes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from saga.engine import state_machine
from saga.engine.directions import Direction, Forward
from saga.engine.locked_saga import LockedSaga, SagaRef
from saga.engine.step_execution import Alone, StepCall, StepExecution


@dataclass(slots=True)
class StepTransaction:
    """Executes the steps that `direction` chooses for these sagas of one company, and records `answered` calls first.

    With `continue_inline`, that includes the steps that follow a parallel stage. `alone` is set if errors are to be
    recorded as answers of its one saga.
    """

    refs: Sequence[SagaRef]
    direction: Direction
    continue_inline: bool = False
    alone: Alone | None = None
    answered: dict[StepExecution, list[StepCall]] = field(default_factory=dict)
    sagas: Sequence[LockedSaga] = ()
    started: list[StepExecution] = field(default_factory=list)

    @property
    def executions(self) -> list[StepExecution]:
        """All executions, in order."""
        return [*self.answered, *self.started]

    @property
    def calling(self) -> list[StepExecution]:
        """The executions whose external calls are to be made once the transaction has committed."""
        return [execution for execution in self.started if execution.calls]

    def sagas_at_next_step(self, sagas: Iterable[LockedSaga]) -> list[LockedSaga]:
        """Those of these sagas that now stand at a sequential step that has not begun, unless each step has its own
        transaction.
        """
        if self.alone and self.alone.failed:
            return []
        return [saga for saga in {saga.ref: saga for saga in sagas}.values() if state_machine.is_at_new_step(saga)]

    def repeated(self, execution: StepExecution, ref: SagaRef, alone: Alone | None = None) -> "StepTransaction":
        """The transaction that executes this step again, for one saga by itself."""
        alone = alone or self.alone or Alone(continue_inline=self.continue_inline)
        return StepTransaction([ref], execution.direction.only(ref, execution.step), alone.continue_inline, alone)

    def repeated_singly(self) -> list["StepTransaction"]:
        """The transactions that execute again what it was to record, or itself if that was nothing."""
        if not self.answered:
            return [StepTransaction(self.refs, self.direction, self.continue_inline, self.alone)]
        return [self.repeated(execution, call.ref) for execution, calls in self.answered.items() for call in calls]


def recording(calls: Iterable[StepCall], *, continue_inline: bool) -> list[StepTransaction]:
    """The transactions that record these answers: one for each company, and one for each saga by itself."""
    groups: dict[object, list[StepCall]] = defaultdict(list)
    for call in calls:
        groups[call if call.execution.alone else call.company_id].append(call)
    return [_recording(group, continue_inline=continue_inline) for group in groups.values()]


def _recording(calls: Sequence[StepCall], *, continue_inline: bool) -> StepTransaction:
    refs = list({call.ref: None for call in calls})
    alone = calls[0].execution.alone
    if len(refs) == 1 and alone is None:
        alone = Alone(continue_inline=continue_inline)
    inline = alone.continue_inline if alone else continue_inline
    transaction = StepTransaction(refs, Forward(continue_inline=continue_inline), inline, alone)
    for call in calls:
        transaction.answered.setdefault(call.execution, []).append(call)
    return transaction

"""Execute steps and undos, for one saga or for many of one company at once.

A transaction executes as many steps as it can: up to the next external calls, which are made outside of any
transaction, or until no step is due. An error while several sagas are executed together rolls their transaction back
and is raised; the caller then executes them one by one. An error while one saga is executed is recorded as the answer
of the step that failed; the steps before it in the rolled-back transaction are executed again first, each in its own
transaction. When the saga itself cannot be read or moved, that counts as a fault of the saga (saga/engine/faults.py)
and is raised.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kit import db
from kit.process import failpoints
from saga.engine import external_calls, faults, recovery, state_machine
from saga.engine.directions import Backward, Direction, Forward
from saga.engine.journal import all_locked
from saga.engine.locked_saga import LockedSaga, SagaRef
from saga.engine.step_execution import StepExecution, choose_executions
from saga.engine.versions import FindDefinition


def run_steps(
    requested: Mapping[SagaRef, Collection[str]], find: FindDefinition, *, continue_inline: bool = False
) -> list[SagaRef]:
    """Execute the requested steps of each saga, by name, as far as the saga still needs them.

    They are steps of a parallel stage, or steps that run afterwards. With `continue_inline`, a saga whose parallel
    stage is answered by them continues with its sequential stages, and is returned: no `saga.advance` was sent for it.
    A saga that needs none of its requested steps continues as well, but is not returned: its message may be a
    redelivery, after the worker that was continuing it has died. Without `continue_inline` such a message changes
    nothing.
    """
    several = len(requested) > 1 or any(len(names) > 1 for names in requested.values())
    executor = _Executor(find, Forward(requested, continue_inline), continue_inline)
    with faults.count_fault_of_single([] if several else requested):
        return executor.run(list(requested), several=several)


def run_undo(refs: Sequence[SagaRef], step_name: str, find: FindDefinition) -> None:
    """Undo this step in each of the sagas where it is the one to undo now."""
    with faults.count_fault_of_single(refs):
        _Executor(find, Backward(step_name)).run(refs, several=len(refs) > 1)


@dataclass(slots=True)
class _Transaction:
    """One transaction: the sagas that it locks, and the executions that it starts or finishes, in order."""

    refs: Sequence[SagaRef]
    sagas: Sequence[LockedSaga] = ()
    executions: list[StepExecution] = field(default_factory=list)

    @property
    def pending_calls(self) -> list[StepExecution]:
        """The executions whose external calls are to be made once the transaction has committed."""
        return [execution for execution in self.executions if execution.calls]

    @property
    def continued_sagas(self) -> list[SagaRef]:
        """The sagas that it has continued from a parallel stage."""
        return [saga.ref for saga in self.sagas if saga.continued]


@dataclass(frozen=True, slots=True)
class _Executor:
    """Executes the steps that `direction` chooses, and then the sequential steps that follow them.

    With `continue_inline`, these include the steps that follow a parallel stage. With `single_step`, all that follows
    is left to a later transaction.
    """

    find: FindDefinition
    direction: Direction
    continue_inline: bool = False
    single_step: bool = False

    def run(self, refs: Sequence[SagaRef], *, several: bool) -> list[SagaRef]:
        """Execute the sagas together; return the sagas that were continued from a parallel stage.

        An error is raised if `several` sagas or steps were requested, and recorded otherwise.
        """
        continued: list[SagaRef] = []
        transaction = _Transaction(refs)
        try:
            self._execute(transaction)
            continued += transaction.continued_sagas
            while transaction.pending_calls:
                transaction = _make_calls(transaction)
                self._execute(transaction)
                continued += transaction.continued_sagas
        except Exception as error:
            if several or not transaction.sagas or db.is_outage(error):
                raise  # an outage of the database undoes nothing: the step waits, and is executed again
            continued += self._recover(refs[0], transaction, error)
        return continued

    def _execute(self, transaction: _Transaction) -> None:
        """Run one transaction: finish the executions whose calls are answered, and execute the steps that are due.

        When a saga reaches a stage of a single step by this, the step is executed in the same transaction.
        """
        answered = list(transaction.executions)
        with all_locked(transaction.refs, self.find, continue_inline=self.continue_inline) as sagas:
            transaction.sagas = due = sagas
            for execution in answered:
                execution.finish(sagas)
            if answered:
                due = self._sagas_at_next_step(answered)
            while due:
                executions = choose_executions(due, self.direction)
                transaction.executions += executions
                for execution in executions:
                    execution.start()
                due = self._sagas_at_next_step(executions)
            _extend_deadlines(transaction.pending_calls)
        _mark_failpoints(transaction.executions)
        if any(saga.state == "waiting" for saga in sagas):
            failpoints.hit("saga.waiting")

    def _sagas_at_next_step(self, executions: Iterable[StepExecution]) -> list[LockedSaga]:
        """The sagas of these executions that now stand at a sequential step that has not begun."""
        if self.single_step:
            return []
        sagas = {saga.ref: saga for execution in executions for saga in execution.sagas.values()}
        return [saga for saga in sagas.values() if state_machine.is_at_new_step(saga)]

    def _recover(self, ref: SagaRef, transaction: _Transaction, error: Exception) -> list[SagaRef]:
        """Execute again what came before the step that failed, and record the error as that step's answer."""
        saga = transaction.sagas[0]
        if not transaction.executions:
            recovery.record_undecided(saga, self.find, error)
            return []
        *before, failed = transaction.executions
        if self.continue_inline and saga.is_parallel(saga.step_state(failed.step).stage):
            # The error may come from what followed the step's answer. If that is a separate transaction, the error
            # shows where it belongs.
            return replace(self, continue_inline=False).run([ref], several=False)
        continued: list[SagaRef] = []
        for _ in before:
            continued += replace(self, single_step=True).run([ref], several=False)
        recovery.record_step_failure(ref, self.find, self.direction, failed.step, error)
        _mark_failpoints(transaction.executions)
        return continued


def _make_calls(transaction: _Transaction) -> _Transaction:
    """Make the external calls; return the transaction that finishes their executions."""
    executions = transaction.pending_calls
    for execution in executions:
        execution.make_calls()
    refs = [saga.ref for execution in executions for saga in execution.sagas.values()]
    return _Transaction(refs, transaction.sagas, executions)


def _extend_deadlines(executions: Sequence[StepExecution]) -> None:
    """Give the sagas of these executions the time that their external calls may take."""
    rounds = sum(external_calls.count_rounds(execution.calls) for execution in executions)
    for execution in executions:
        for saga in execution.sagas.values():
            saga.call_rounds = rounds


def _mark_failpoints(executions: Iterable[StepExecution]) -> None:
    for execution in executions:
        if not execution.calls:
            failpoints.hit("step.answered", execution.name)

"""Execute steps and undos, for one saga or for many of one company at once.

A transaction executes as many steps as it can: up to the next external calls, which are made outside of any
transaction, or until no step is due. Each answer is recorded when it comes, and its saga continues: a slow call holds
up no other saga.

An error while several sagas are executed together rolls their transaction back. If it began their steps, the error is
raised, and the caller executes the sagas one by one; if it recorded answers, the executor does that itself. An error
while one saga is executed is recorded as the answer of the step that failed; the steps before it in the rolled-back
transaction are executed again first, each in its own transaction. When the saga itself cannot be read or moved, that
counts as a fault of the saga (saga/engine/faults.py).
"""

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence

import structlog

from kit import db
from kit.process import failpoints
from saga.engine import faults, recovery, state_machine
from saga.engine.call_pool import CallPool, shared_pool
from saga.engine.calls_under_way import CallsUnderWay
from saga.engine.directions import Backward, Direction, Forward
from saga.engine.journal import all_locked
from saga.engine.locked_saga import SagaRef
from saga.engine.step import Step
from saga.engine.step_execution import Alone, choose_executions
from saga.engine.step_transaction import StepTransaction, recording
from saga.engine.versions import FindDefinition

log = structlog.get_logger()


def run_steps(
    requested: Mapping[SagaRef, Collection[str]], find: FindDefinition, *, continue_inline: bool = False
) -> list[SagaRef]:
    """Execute the requested steps as Executor.run_steps does, and wait for the answers to all external calls."""
    return Executor(find, continue_inline=continue_inline).run_steps(requested)


def run_undo(refs: Sequence[SagaRef], step_name: str, find: FindDefinition) -> None:
    """Undo this step as Executor.run_undo does, and wait for the answers to all external calls."""
    Executor(find).run_undo(refs, step_name)


class Executor:
    """Executes steps, and records the answers to their external calls. One thread uses it.

    With `continue_inline` it also executes the steps that follow a parallel stage. With a `window`, in seconds, calls
    that take longer stay under way: `on_late_answer` is called, on any thread, when there is an answer to record.
    """

    def __init__(
        self,
        find: FindDefinition,
        *,
        continue_inline: bool = False,
        window: float | None = None,
        on_late_answer: Callable[[], None] = lambda: None,
        pool: CallPool | None = None,
    ) -> None:
        self._find = find
        self._continue_inline = continue_inline
        self._waits_for_answers = window is None
        self._calls = CallsUnderWay(pool or shared_pool(), window=window, on_late_answer=on_late_answer)
        self._interrupted: deque[StepTransaction] = deque()
        """What an outage of the database has interrupted when answers were recorded: it is executed again."""

    def is_under_way(self, ref: SagaRef, name: str | None = None) -> bool:
        """Whether a call of the saga is not recorded: that of the step or undo `name`, or any call without a name."""
        return self._calls.is_under_way(ref, name) or any(ref in each.refs for each in self._interrupted)

    def run_steps(self, requested: Mapping[SagaRef, Collection[str]]) -> list[SagaRef]:
        """Execute the requested steps of each saga, by name, as far as the saga still needs them.

        They are steps of a parallel stage, or steps that run afterwards. With `continue_inline`, a saga whose parallel
        stage is answered by them continues with its sequential stages, and is returned: no `saga.advance` was sent for
        it. A saga that needs none of its requested steps continues as well, but is not returned: its message may be a
        redelivery, after the worker that was continuing it has died. Without `continue_inline` such a message changes
        nothing.
        """
        is_single = len(requested) == 1 and all(len(names) <= 1 for names in requested.values())
        return self._run(list(requested), Forward(requested, self._continue_inline), is_single=is_single)

    def run_undo(self, refs: Sequence[SagaRef], step_name: str) -> None:
        """Undo this step in each of the sagas where it is the one to undo now."""
        self._run(refs, Backward(step_name), is_single=len(refs) == 1)

    def record_answers(self) -> list[SagaRef]:
        """Record the answers that have come, and continue their sagas; returns those as run_steps does.

        Raises outages of the database. Called again afterwards, it loses nothing.
        """
        continued: list[SagaRef] = []
        transactions: deque[StepTransaction] = deque()
        try:
            while True:
                while self._interrupted:
                    continued += self._execute_alone(self._interrupted.popleft())
                transactions += recording(self._calls.take_answers(), continue_inline=self._continue_inline)
                if not transactions:
                    return continued
                while transactions:
                    continued += self._record(transactions.popleft())
        except Exception:
            for each in transactions:
                self._interrupted += each.repeated_singly()
            self._calls.stop_listening()
            raise

    def _run(self, refs: Sequence[SagaRef], direction: Direction, *, is_single: bool) -> list[SagaRef]:
        if is_single:
            alone = Alone(continue_inline=self._continue_inline)
            with faults.count_fault_of_single(refs):
                continued = self._execute_or_recover(StepTransaction(refs, direction, self._continue_inline, alone))
        else:
            continued = self._execute(StepTransaction(refs, direction, self._continue_inline))
        return continued + self.record_answers()

    def _record(self, transaction: StepTransaction) -> list[SagaRef]:
        """Record answers of several sagas together or, if that fails, execute the sagas again one by one."""
        if transaction.alone:
            return self._execute_alone(transaction)
        try:
            return self._execute(transaction)
        except Exception as error:
            singly = transaction.repeated_singly()
            if db.is_outage(error):
                self._interrupted += singly
                raise
            log.warning("answers could not be recorded together", reason=type(error).__name__, sagas=len(singly))
            return [ref for each in singly for ref in self._execute_alone(each)]

    def _execute_alone(self, transaction: StepTransaction) -> list[SagaRef]:
        """Execute one saga by itself. An error that cannot be recorded is counted, and raised only to who waits."""
        try:
            with faults.count_fault_of_single(transaction.refs):
                return self._execute_or_recover(transaction)
        except Exception as error:
            if db.is_outage(error):
                self._interrupted += transaction.repeated_singly()
            if db.is_outage(error) or self._waits_for_answers:
                raise
            log.exception("could not record an answer", saga=str(transaction.refs[0].saga_id))
            return []

    def _execute_or_recover(self, transaction: StepTransaction) -> list[SagaRef]:
        try:
            continued = self._execute(transaction)
        except Exception as error:
            if not transaction.sagas or db.is_outage(error):
                raise  # an outage of the database undoes nothing: the step waits, and is executed again
            return self._recover(transaction, error)
        return continued + self._go_on_to_failed(transaction)

    def _execute(self, transaction: StepTransaction) -> list[SagaRef]:
        """Run one transaction, and begin the calls that follow it. Returns the sagas that it has continued.

        When a saga reaches a stage of a single step by this, the step is executed in the same transaction.
        """
        for calls in transaction.answered.values():
            self._calls.forget(calls)
        with all_locked(transaction.refs, self._find, continue_inline=transaction.continue_inline) as sagas:
            transaction.sagas = due = sagas
            if transaction.answered:
                for execution, calls in transaction.answered.items():
                    execution.finish({saga.ref: saga for saga in sagas}, calls)
                due = transaction.sagas_at_next_step(sagas)
            while due:
                executions = choose_executions(
                    due, transaction.direction, alone=transaction.alone, is_under_way=self.is_under_way
                )
                transaction.started += executions
                for execution in executions:
                    execution.start(self._calls.pool.room)
                due = transaction.sagas_at_next_step(saga for each in executions for saga in each.sagas.values())
            calling = {call.sagas[id_].ref for call in transaction.calling for id_ in call.calls}
            for saga in sagas:
                saga.has_call_under_way = saga.ref in calling or self._calls.is_under_way(saga.ref)
        for execution in transaction.executions:
            if execution not in transaction.calling:
                failpoints.hit("step.answered", execution.name)
        if any(saga.state == "waiting" for saga in sagas):
            failpoints.hit("saga.waiting")
        self._calls.begin(transaction.calling)
        return [saga.ref for saga in sagas if saga.continued]

    def _recover(self, transaction: StepTransaction, error: Exception) -> list[SagaRef]:
        """Execute again what came before the step that failed, and record the error as that step's answer."""
        [ref], saga, alone = transaction.refs, transaction.sagas[0], transaction.alone
        assert alone
        if not transaction.executions:
            recovery.record_undecided(saga, self._find, error)
            return []
        *before, failed = transaction.executions
        if alone.continue_inline and saga.is_parallel(saga.step_state(failed.step).stage):
            # The error may come from what followed the step's answer. If that is a separate transaction, the error
            # shows where it belongs.
            return self._execute_or_recover(transaction.repeated(failed, ref, Alone(continue_inline=False)))
        if before:
            again = Alone(alone.continue_inline, failed=(failed.step, error))
            return self._execute_or_recover(transaction.repeated(before[0], ref, again))
        self._record_failure(transaction, failed.step, error)
        failpoints.hit("step.answered", failed.name)
        return []

    def _go_on_to_failed(self, transaction: StepTransaction) -> list[SagaRef]:
        """Execute the next step before the one that has failed, or record that one's error if it is the next."""
        alone = transaction.alone
        if not (alone and alone.failed) or transaction.calling:
            return []
        [saga] = transaction.sagas
        if not state_machine.is_at_new_step(saga):
            return []
        step, error = alone.failed
        if saga.definition.stages[saga.stage].steps == (step,):
            self._record_failure(transaction, step, error)
            return []
        direction = Forward(continue_inline=True)
        return self._execute_or_recover(StepTransaction([saga.ref], direction, alone.continue_inline, alone))

    def _record_failure(self, transaction: StepTransaction, step: Step, error: Exception) -> None:
        recovery.record_step_failure(transaction.refs[0], self._find, transaction.direction, step, error)

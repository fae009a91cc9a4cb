"""Whatever befalls a saga with waits, and its messages and workers: it ends once, and as `rehearse` says.

Hypothesis plays the broker, the senders of signals, the clock and fate. A failing example prints the steps that lead to
it.
"""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from saga.engine.definition import then, together, wait_for
from saga.engine.rehearse import rehearse
from saga.engine.signals import ConflictingSignal
from saga.engine.sweep import sweep
from saga.engine.waits import Signal
from saga.incidents import actions
from tests.owner import empty_every_table
from tests.saga.engine.saga_harness import SagaHarness
from tests.saga.engine.toy_signals import A_DAY, CONFIRMED, OTHER, YES
from tests.saga.incidents.stuck_saga import WHY
from tests.saga.interruptions import KillAfter, Killed, interrupted_by, transactions_as_checkpoints

SHIPPED = Signal("print.shipped")

anywhere = st.integers(min_value=0, max_value=99)
killed_after = st.none() | st.integers(0, 4)


def something_on_its_way(self):
    return bool(self.deliveries.tasks)


class Fate(RuleBasedStateMachine):
    """One saga: a chord, a wait before the pivot, the pivot, a wait after it, a last step."""

    def __init__(self, database: str) -> None:
        super().__init__()
        self.harness = SagaHarness(database)
        self.stopped = False
        self.accepted: dict[str, object] = {}

    @initialize(before=st.sampled_from(["undo", "go_on", "incident"]), after=st.sampled_from(["go_on", "incident"]))
    def begin(self, before, after):
        fold, cut, glue, pack = map(self.harness.script.step, ("fold", "cut", "glue", "pack"))
        self.saga = self.harness.saga(
            together(fold, cut),
            wait_for(CONFIRMED, expires=A_DAY, on_expiry=before),
            then(glue, pivot=True),
            wait_for(SHIPPED, expires=A_DAY, on_expiry=after),
            then(pack),
        )
        self.ref, self.deliveries = self.harness.start(self.saga)

    @rule()
    def move_to_other_workers(self):
        """To such as send the chord's body, or to such as continue inline."""
        self.deliveries.continue_inline = not self.deliveries.continue_inline

    @precondition(something_on_its_way)
    @rule(which=anywhere, again=st.booleans(), after=killed_after)
    def deliver(self, which, again, after):
        at = which % len(self.deliveries.tasks)
        task = self.deliveries.tasks[at] if again else self.deliveries.tasks.pop(at)
        self.act(lambda: self.deliveries.deliver(task), after)

    @precondition(something_on_its_way)
    @rule(which=anywhere)
    def lose(self, which):
        self.deliveries.tasks.pop(which % len(self.deliveries.tasks))

    @rule(payload=st.sampled_from([YES, YES, OTHER]), after=killed_after)
    def confirm(self, payload, after):
        self.send(CONFIRMED, payload, after)

    @rule(after=killed_after)
    def ship(self, after):
        self.send(SHIPPED, {}, after)

    @rule(after=killed_after)
    def stop(self, after):
        if self.harness.timeline(self.ref).saga.stop_requested is None:
            self.act(lambda: self.harness.stop(self.ref, self.deliveries), after)

    @rule(after=killed_after)
    def let_time_pass(self, after):
        self.harness.expire_deadlines()
        self.act(lambda: sweep(self.deliveries.find), after)

    @rule(action=st.sampled_from([actions.retry, actions.skip]))
    def settle(self, action):
        if self.harness.state(self.ref) == "stuck":
            action(self.ref, self.deliveries.find, **WHY)
            self.deliveries.collect()

    def send(self, signal, payload, after):
        try:
            receipt = self.act(lambda: self.harness.signal(self.ref, self.deliveries, signal, payload), after)
        except ConflictingSignal:
            assert self.accepted.get(signal.name, payload) != payload
            return
        if receipt == "accepted":
            assert signal.name not in self.accepted
        if receipt in {"accepted", "repeated"}:
            assert self.accepted.setdefault(signal.name, payload) == payload

    def act(self, action, after):
        try:
            with interrupted_by(KillAfter(after) if after is not None else (lambda _place: None)):
                return action()
        except Killed:
            return None
        finally:
            self.deliveries.collect()

    def teardown(self):
        """Time passes, the sweeper comes round, and operators go on without what has not come."""
        for _ in range(40):
            if self.harness.timeline(self.ref).saga.ended_at:
                break
            self.settle(actions.skip)
            self.let_time_pass(None)
            for task in self.deliveries.tasks[:]:
                self.deliveries.tasks.remove(task)
                self.deliver_one(task)
        self.settled_as_rehearsed()

    def deliver_one(self, task):
        self.act(lambda: self.deliveries.deliver(task), None)

    def settled_as_rehearsed(self):
        timeline, events = self.harness.timeline(self.ref), self.harness.events(self.ref)
        state, failure = timeline.saga.state, timeline.saga.failure
        assert state in {"done", "undone"}
        assert [event for event in events if event in {"done", "undone"}] == [state]
        steps = [step for step in self.saga.steps if f"{step} begun" in events]
        undone = tuple(self.saga.steps[event.split()[0]].undo_name for event in events if event.endswith(" undone")
                       if event.split()[0] in self.saga.steps)  # fmt: skip
        if state == "done":
            assert (tuple(steps), undone) == (rehearse(self.saga).done, rehearse(self.saga).undone)
        elif failure["code"] == "wait_expired":
            assert self.saga.waits["print.confirmed"].on_expiry == "undo"
            rehearsed = rehearse(self.saga, expiring=CONFIRMED)
            assert (tuple(steps), undone, state) == (rehearsed.done, rehearsed.undone, rehearsed.ending)
        else:  # asked to stop before the pivot: what was begun is undone, in reverse
            assert failure["code"] == "cancelled"
            assert undone == tuple(self.saga.steps[step].undo_name for step in reversed(steps))
            assert "glue done" not in events
        outcomes = {step.step: step.outcome for step in timeline.steps if step.step in self.saga.waits}
        for name, payload in self.accepted.items():
            assert outcomes[name] == self.saga.waits[name].signal.payload_as_json(payload)
        assert [result for result, _ in self.harness.received(self.ref)].count("accepted") == sum(
            outcome is not None for outcome in outcomes.values()
        )


@pytest.mark.slow
class TestEveryInterleaving:
    def test_ends_once_and_as_rehearsed(self, database):
        def begin():
            empty_every_table()
            return Fate(database)

        with transactions_as_checkpoints():
            run_state_machine_as_test(
                begin,
                settings=settings(
                    max_examples=30,
                    stateful_step_count=20,
                    print_blob=True,
                    phases=set(Phase) - {Phase.explain},
                    suppress_health_check=list(HealthCheck),
                    deadline=None,
                ),
            )

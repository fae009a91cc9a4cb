"""Whatever befalls messages, workers, and the way to the provider: in the end every saga ends, and the books are clean.

Hypothesis plays broker, network and fate. A failing example prints the steps that lead to it.
"""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from domain.notifications import mail_queue as notifications
from domain.notifications.mailer import mailer
from domain.payments.gateway import ProviderUnavailable
from domain.sales.errors import OutOfStock, TransitionNotAllowed
from saga.deliveries import lease_renewal
from saga.engine.sweep import sweep
from saga.place_order import PLACE_ORDER
from tests.owner import empty_every_table
from tests.saga.interruptions import (
    Interruption,
    KillAfter,
    Killed,
    PausedWorker,
    calls_as_checkpoints,
    interrupted_by,
    transactions_as_checkpoints,
)
from tests.saga.order_scenario import OrderScenario, findings
from tests.saga.slow_worker import SlowWorker

UNITS = 4
ORDERS = 3
OUTAGES = 6
"""Few enough that nothing runs out of retries for good: that leads to an incident, and to another test."""

FORWARD = {step.task for step in PLACE_ORDER.steps.values()}

anywhere = st.integers(min_value=0, max_value=99)
place_of_a_call = st.sampled_from(["call", "answer"])
method = st.sampled_from(["pm_card_visa", "pm_card_visa", "pm_card_chargeDeclined"])


def something_on_its_way(self):
    return bool(self.deliveries.tasks)


class Fate(RuleBasedStateMachine):
    """One to three orders for four units, and everything that may happen to them."""

    def __init__(self, scenario: OrderScenario) -> None:
        super().__init__()
        self.scenario, self.deliveries = scenario, scenario.deliveries
        self.orders = []
        self.paused: list[PausedWorker] = []
        self.slow: list[SlowWorker] = []
        self.outages = 0

    @initialize(quantity=st.integers(1, 3))
    def begin(self, quantity):
        self.place(quantity, "pm_card_visa")

    @rule()
    def move_to_other_workers(self):
        """To such as send the chord's body, or to such as go on by themselves."""
        self.deliveries.continue_inline = not self.deliveries.continue_inline

    @precondition(lambda self: len(self.orders) < ORDERS)
    @rule(quantity=st.integers(1, 3), method=method)
    def place(self, quantity, method):
        try:
            self.orders.append(self.scenario.place(quantity, method=method))
        except OutOfStock:
            assert self.scenario.stock_level() in {(n, n) for n in range(UNITS + 1)}
        self.deliveries.collect()

    @precondition(something_on_its_way)
    @rule(which=anywhere, again=st.booleans())
    def deliver(self, which, again):
        self.work(self.take(which, again=again))

    @precondition(something_on_its_way)
    @rule(again=st.booleans(), after=st.none() | st.integers(0, 12))
    def deliver_what_goes_forward_together(self, again, after):
        tasks = [task for task in self.deliveries.tasks if task["task"] in FORWARD]
        if tasks:
            self.deliveries.tasks = [task for task in self.deliveries.tasks if again or task not in tasks]
            self.work(*tasks, interruption=None if after is None else KillAfter(after))

    @precondition(something_on_its_way)
    @rule(which=anywhere)
    def lose(self, which):
        self.take(which, again=False)

    @precondition(something_on_its_way)
    @rule(which=anywhere, after=st.integers(0, 12), again=st.booleans())
    def die_at_work(self, which, after, again):
        self.work(self.take(which, again=again), interruption=KillAfter(after))

    @precondition(lambda self: self.deliveries.tasks and self.outages < OUTAGES)
    @rule(which=anywhere, at=place_of_a_call)
    def get_no_answer(self, which, at):
        def outage(place):
            if place == at:
                raise ProviderUnavailable

        self.outages += 1
        self.work(self.take(which, again=False), interruption=outage)

    @precondition(lambda self: self.deliveries.tasks and len(self.paused) < 2)
    @rule(which=anywhere, at=place_of_a_call)
    def freeze(self, which, at):
        task = self.take(which, again=True)  # the broker has it redelivered when the worker is not heard of

        def work():
            self.deliveries.deliver(task)
            mailer().close()  # each thread has another connection

        self.paused.append(PausedWorker(work, at=at))
        self.deliveries.collect()

    @precondition(lambda self: self.paused)
    @rule(which=anywhere)
    def resume(self, which):
        self.paused.pop(which % len(self.paused)).resume()
        self.deliveries.collect()

    @precondition(lambda self: len(self.slow) < 2)
    @rule(continue_inline=st.booleans())
    def start_a_worker_with_slow_calls(self, continue_inline):
        self.slow.append(SlowWorker(self.deliveries.find, continue_inline=continue_inline))

    @precondition(lambda self: self.slow and self.deliveries.tasks)
    @rule(which=anywhere, again=st.booleans(), worker=anywhere)
    def deliver_to_a_worker_with_slow_calls(self, which, again, worker):
        """Its message may come again: when it dies, or from the sweeper."""
        self.work(self.take(which, again=again), by=self.slow[worker % len(self.slow)])

    @precondition(lambda self: any(worker.calls for worker in self.slow))
    @rule(which=anywhere, after=st.none() | st.integers(0, 6))
    def answer_a_slow_call(self, which, after):
        worker = next(worker for worker in self.slow if worker.calls)
        try:
            with interrupted_by((lambda _place: None) if after is None else KillAfter(after)):
                worker.answer(which)
        except Killed:
            self.slow.remove(worker)
        self.deliveries.collect()

    @precondition(lambda self: any(worker.calls for worker in self.slow))
    @rule(which=anywhere, made=st.booleans())
    def die_while_calls_are_under_way(self, which, made):
        worker = next(worker for worker in self.slow if worker.calls)
        self.slow.remove(worker)
        if made:
            worker.make(which)

    @precondition(lambda self: self.orders)
    @rule(which=anywhere)
    def cancel(self, which):
        order_id = self.orders[which % len(self.orders)]
        try:
            self.scenario.cancel(order_id)
        except TransitionNotAllowed:
            assert self.scenario.saga(order_id).state in {"compensating", "undone"}
        self.deliveries.collect()

    @rule()
    def sweep(self):
        self.scenario.expire_deadlines()
        sweep(self.deliveries.find)
        self.deliveries.collect()

    @rule()
    def catch_up(self):
        """Deliver what is on its way, retries whose pause is over included, and prove the books as they are then."""
        self.scenario.expire_deadlines()
        tasks, self.deliveries.tasks = self.deliveries.tasks, []
        for task in tasks:
            self.work(task)
        assert findings(at_rest=False) == []

    def take(self, which, *, again):
        at = which % len(self.deliveries.tasks)
        return self.deliveries.tasks[at] if again else self.deliveries.tasks.pop(at)

    def work(self, *tasks, interruption: Interruption | None = None, by: SlowWorker | None = None):
        try:
            with interrupted_by(interruption or (lambda _place: None)):
                self.deliveries.deliver(*tasks, by=by.executor if by else None)
        except Killed:
            pass
        self.deliveries.collect()

    def teardown(self):
        """The faults clears up: everything thaws, time passes, and the sweeper comes round."""
        for worker in self.paused:
            worker.resume()
        for worker in self.slow:
            worker.answer_all()
        for _ in range(60):
            self.sweep()
            self.catch_up()
            if not self.deliveries.tasks and all(map(self.scenario.has_ended, self.orders)):
                break
        self.deliveries.process_events()
        assert findings() == []
        assert self.scenario.stock_level() == (UNITS - self.sold(), 0)

    def sold(self):
        ended = {order_id: self.scenario.order(order_id).status for order_id in self.orders}
        assert set(ended.values()) <= {"paid", "failed", "cancelled"}
        return sum(self.scenario.quantity(order_id) for order_id, status in ended.items() if status == "paid")


@pytest.mark.slow
class TestEveryInterleaving:
    def test_ends_with_clean_books(self, database, sandbox, outside_world, monkeypatch):
        def begin():
            empty_every_table()
            sandbox.forget_all()
            return Fate(OrderScenario(database, on_hand=UNITS))

        calls_as_checkpoints(monkeypatch)
        # Time passes when we say so, for leases, too.
        monkeypatch.setattr(notifications, "LEASE", timedelta(hours=1))
        monkeypatch.setattr(lease_renewal, "RENEW_EVERY", 3600)
        lease_renewal._renewer.cache_clear()
        with transactions_as_checkpoints():
            run_state_machine_as_test(
                begin,
                settings=settings(
                    max_examples=40,
                    stateful_step_count=30,
                    print_blob=True,
                    phases=set(Phase) - {Phase.explain},
                    suppress_health_check=list(HealthCheck),
                ),
            )

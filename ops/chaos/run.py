"""One run, from the first customer to the results."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from rich.console import Console

from ops import check, command_settings
from ops.chaos import final_state, recovery, violations, wait_results
from ops.chaos.arrivals import arrival_times
from ops.chaos.customers import Customers, Purchase
from ops.chaos.fault_injector import FaultInjector
from ops.chaos.final_state import FinalState
from ops.chaos.plan import PlannedFault
from ops.chaos.recovery import Recovery
from ops.chaos.scenarios import Scenario
from ops.chaos.shop import Shop, open_shop
from ops.chaos.stack import ChaosStack
from ops.chaos.view import View

IDLE_TIMEOUT = 120.0
"""Seconds to wait, after the last fault, until all work is done."""

_STEP_INTERVAL = 0.02
_POLL_INTERVAL = 1.0
_COUNT_UNFINISHED_WORK = """
    SELECT (SELECT count(*) FROM sagas WHERE ended_at IS NULL) + (SELECT count(*) FROM outbox)
        + (SELECT count(*) FROM mails WHERE status NOT IN ('sent', 'refused'))"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The results of a run: counts by name, the rows that violate each broken rule, and the recoveries."""

    counts: dict[str, int]
    broken: dict[str, list[str]]
    recoveries: list[Recovery]

    @property
    def is_clean(self) -> bool:
        """Whether there were no violations."""
        return not self.broken and not any(self.counts[name] for name in violations.MUST_BE_ZERO)


def run(
    stack: ChaosStack, *, scenarios: Sequence[Scenario], plan: Sequence[PlannedFault], rate: float, console: Console
) -> Outcome:
    """Start the customers, execute the plan, wait until all work is done, and collect the results."""
    shop = open_shop(stack.api_url, stack.inbox_url, orders=len(scenarios))
    times = arrival_times(orders=len(scenarios), rate=rate, faults_at=[planned.at for planned in plan])
    with _customers(stack, shop, scenarios, times) as customers, View(console) as view:
        injector = FaultInjector(stack, plan, view.log)

        def step() -> None:
            injector.step()
            if view.is_due:
                view.update(customers.purchases, injector.active, final_state.statuses(_database_url(stack)))
            time.sleep(_STEP_INTERVAL)

        try:
            _run_plan(step, injector, customers)
            view.log("all faults are over; waiting until all work is done")
            _wait_until_idle(step, stack, injector)
        finally:
            injector.stop()
    return _outcome(stack, shop, customers, injector)


@contextmanager
def _customers(
    stack: ChaosStack, shop: Shop, scenarios: Sequence[Scenario], times: Sequence[float]
) -> Iterator[Customers]:
    customers = Customers(stack, shop, scenarios, times)
    try:
        customers.start()
        yield customers
    finally:
        customers.stop()


def _run_plan(step: Callable[[], None], injector: FaultInjector, customers: Customers) -> None:
    """Call `step` until all faults are over and all customers have finished.

    Returns without an error if customers have not finished IDLE_TIMEOUT after the last fault and arrival.
    """
    deadline = time.monotonic() + IDLE_TIMEOUT
    while not (injector.is_finished and customers.all_finished) and time.monotonic() < deadline:
        step()
        if not (injector.is_finished and customers.all_arrived):
            deadline = time.monotonic() + IDLE_TIMEOUT


def _wait_until_idle(step: Callable[[], None], stack: ChaosStack, injector: FaultInjector) -> None:
    """Wait until no work is left, or time out."""
    deadline, poll_at = time.monotonic() + IDLE_TIMEOUT, 0.0
    while time.monotonic() < deadline:
        step()
        if injector.is_finished and time.monotonic() > poll_at:
            if stack.all_signals_sent and _is_idle(stack):
                return
            poll_at = time.monotonic() + _POLL_INTERVAL


def _is_idle(stack: ChaosStack) -> bool:
    with psycopg.connect(_database_url(stack)) as connection:
        return connection.execute(_COUNT_UNFINISHED_WORK).fetchone() == (0,)


def _database_url(stack: ChaosStack) -> str:
    return stack.env["ORDERX_OWNER_DATABASE_URL"]


def _outcome(stack: ChaosStack, shop: Shop, customers: Customers, injector: FaultInjector) -> Outcome:
    os.environ.update(command_settings.settings_for(["check"], stack.env))
    database_url = _database_url(stack)
    state = final_state.read(database_url=database_url, sandbox_url=stack.sandbox_url, inbox_url=stack.inbox_url)
    purchases = customers.purchases
    slow = {order_id for each in purchases if each.scenario.has_slow_card for order_id in each.order_ids}
    accepted = {order_id for each in purchases for order_id in each.order_ids}
    statuses = Counter(order.status for order in state.orders.values())
    counts = {
        "accepted": sum(bool(each.order_ids) for each in purchases),
        "refused": sum(each.refusal is not None for each in purchases),
        **{status: statuses[status] for status in ("paid", "failed", "cancelled")},
        **violations.count(state, accepted=accepted, on_hand=shop.on_hand),
        "unexpected_exits": len(injector.unexpected_exits),
    }
    waiting, signals = wait_results.read(database_url)
    counts |= wait_results.counts(waiting, signals)
    broken = _broken_rules(state, purchases)
    wrong = wait_results.violations(waiting, started=stack.waiting_sagas)
    if wrong:
        broken["every saga that waits ends once, as its signals say"] = wrong
    intervals = recovery.pending_intervals(database_url, without=slow)
    return Outcome(counts, broken, recovery.recoveries(injector.finished, intervals))


def _broken_rules(state: FinalState, purchases: Sequence[Purchase]) -> dict[str, list[str]]:
    rules = {rule: [finding.row for finding in findings] for rule, findings in check.check(at_rest=True)}
    rules["every sent mail is in the inbox"] = violations.missing_mails(state)
    rules["every customer got a response"] = [str(each.scenario) for each in purchases if not each.is_answered]
    rules["every idempotency key has one order"] = [
        str(each.scenario) for each in purchases if len(each.order_ids) > 1 or (each.order_ids and each.refusal)
    ]
    rules["only sold-out products are refused"] = [
        f"{each.refusal}: {each.scenario}" for each in purchases if each.refusal not in {None, "out_of_stock"}
    ]
    return {rule: rows for rule, rows in rules.items() if rows}

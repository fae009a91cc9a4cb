"""One run from the first customer to the verdict."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from rich.console import Console

from ops import check, reads
from ops.chaos import books, recovery, verdict
from ops.chaos.arrivals import arrivals
from ops.chaos.books import Books
from ops.chaos.conductor import Conductor
from ops.chaos.customers import Customers
from ops.chaos.plan import Disturbance
from ops.chaos.recovery import Recovery
from ops.chaos.shop import Shop, open_shop
from ops.chaos.stack import ChaosStack
from ops.chaos.view import View
from ops.chaos.wishes import Wish

QUIET_WITHIN = 120.0
"""Seconds that everything may take to come to its end once nothing is disturbed any more."""

_TICK = 0.02
_LOOK_EVERY = 1.0
_ON_ITS_WAY = """
    SELECT (SELECT count(*) FROM sagas WHERE ended_at IS NULL) + (SELECT count(*) FROM outbox)
        + (SELECT count(*) FROM mails WHERE status NOT IN ('sent', 'refused'))"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run has shown: the verdict's counts, each rule that is broken with its rows, and the recoveries."""

    counts: dict[str, int]
    broken: dict[str, list[str]]
    recoveries: list[Recovery]

    @property
    def clean(self) -> bool:
        """Whether nothing happened that must not."""
        return not self.broken and not any(self.counts[name] for name in verdict.ZEROS)


def run(
    stack: ChaosStack, *, wishes: Sequence[Wish], plan: Sequence[Disturbance], rate: float, console: Console
) -> Outcome:
    """Let the customers in, carry the plan out, wait for quiet, and judge; the stack is running."""
    shop = open_shop(stack.api_url, stack.inbox_url, orders=len(wishes))
    coming = arrivals(orders=len(wishes), rate=rate, disturbed_at=[what.at for what in plan])
    with _customers(stack, shop, wishes, coming) as customers, View(console) as view:
        conductor = Conductor(stack, plan, view.tell)

        def step() -> None:
            conductor.step()
            if view.due:
                view.look(customers.visits, conductor.under_way, books.statuses(_database_url(stack)))
            time.sleep(_TICK)

        try:
            _play(step, conductor, customers)
            view.tell("everything is back; waiting for quiet")
            _wait_for_quiet(step, stack, conductor)
        finally:
            conductor.close()
    return _judge(stack, shop, customers, conductor)


@contextmanager
def _customers(stack: ChaosStack, shop: Shop, wishes: Sequence[Wish], coming: Sequence[float]) -> Iterator[Customers]:
    customers = Customers(stack, shop, wishes, coming)
    try:
        customers.open()
        yield customers
    finally:
        customers.close()


def _play(step: Callable[[], None], conductor: Conductor, customers: Customers) -> None:
    """Until all that is planned is done and every customer has an answer, or has waited for one too long."""
    deadline = time.monotonic() + QUIET_WITHIN
    while not (conductor.over and customers.all_gone) and time.monotonic() < deadline:
        step()
        if not (conductor.over and customers.all_in):
            deadline = time.monotonic() + QUIET_WITHIN


def _wait_for_quiet(step: Callable[[], None], stack: ChaosStack, conductor: Conductor) -> None:
    """Until nothing is on its way any more, or was for too long."""
    deadline, look_at = time.monotonic() + QUIET_WITHIN, 0.0
    while time.monotonic() < deadline:
        step()
        if conductor.over and time.monotonic() > look_at:
            if _is_quiet(stack):
                return
            look_at = time.monotonic() + _LOOK_EVERY


def _is_quiet(stack: ChaosStack) -> bool:
    with psycopg.connect(_database_url(stack)) as connection:
        return connection.execute(_ON_ITS_WAY).fetchone() == (0,)


def _database_url(stack: ChaosStack) -> str:
    return stack.env["ORDERX_OWNER_DATABASE_URL"]


def _judge(stack: ChaosStack, shop: Shop, customers: Customers, conductor: Conductor) -> Outcome:
    os.environ.update(reads.settings_for(["check"], stack.env))
    database_url = _database_url(stack)
    found = books.read(database_url=database_url, sandbox_url=stack.sandbox_url, inbox_url=stack.inbox_url)
    late = {order for visit in customers.visits if visit.wish.late for order in visit.orders}
    told = {order for visit in customers.visits for order in visit.orders}
    statuses = Counter(order.status for order in found.orders.values())
    counts = {
        "accepted": sum(bool(visit.orders) for visit in customers.visits),
        "refused": sum(visit.refused is not None for visit in customers.visits),
        **{status: statuses[status] for status in ("paid", "failed", "cancelled")},
        **verdict.judge(found, accepted=told, on_hand=shop.on_hand),
        "died_alone": len(conductor.died_alone),
    }
    recoveries = recovery.recoveries(conductor.done, recovery.stays(database_url, without=late))
    return Outcome(counts, _broken_rules(found, customers), recoveries)


def _broken_rules(found: Books, customers: Customers) -> dict[str, list[str]]:
    rules = {rule: [finding.row for finding in findings] for rule, findings in check.check(at_rest=True)}
    rules["every mail that is sent is in the inbox"] = verdict.missing_mails(found)
    rules["every customer has an answer"] = [str(v.wish) for v in customers.visits if not v.answered]
    rules["a key stands for one order"] = [
        str(v.wish) for v in customers.visits if len(v.orders) > 1 or (v.orders and v.refused)
    ]
    rules["only what is sold out is refused"] = [
        f"{visit.refused}: {visit.wish}" for visit in customers.visits if visit.refused not in {None, "sold_out"}
    ]
    return {rule: rows for rule, rows in rules.items() if rows}

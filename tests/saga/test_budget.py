"""What a good order may cost, in what does not depend on the machine; timings are the benchmark's."""

from collections import Counter

import psycopg
import pytest

from saga import letters
from tests.saga.storefront import Storefront

ORDERS = 10
BUDGET = {"statements": 34, "transactions": 12, "tasks": 4, "events": 5}
"""Per order, from being placed to its last mail; without what the relay, which works in batches, adds."""
PLACING = {"statements": 2, "transactions": 1}
"""Of these, placing it: a look at all it depends on, and all that it writes."""

MANY = {"statements": 32, "transactions": 10}
"""What ORDERS orders may cost together, each once placed, when a worker takes them together."""


@pytest.fixture
def spent(monkeypatch):
    """What this process has spent so far: each statement and each commit."""
    spending: Counter[str] = Counter()

    def counted(of, method, what):
        real = getattr(of, method)

        def counting(self, *args, **named):
            spending[what] += 1
            return real(self, *args, **named)

        monkeypatch.setattr(of, method, counting)

    counted(psycopg.Cursor, "execute", "statements")
    counted(psycopg.Connection, "commit", "transactions")
    return spending


@pytest.fixture
def sent(monkeypatch, storefront_of_many, spent):
    """What has been sent so far, in tasks and events. Collecting it is the relay's work and costs nothing here."""
    deliveries, sending = storefront_of_many.deliveries, Counter()
    collect = deliveries.collect

    def collecting():
        before, tasks, events = spent.copy(), len(deliveries.tasks), len(deliveries.events)
        collect()
        sending.update(tasks=len(deliveries.tasks) - tasks, events=len(deliveries.events) - events)
        spent.subtract(spent - before)

    monkeypatch.setattr(deliveries, "collect", collecting)
    return sending


@pytest.fixture
def storefront_of_many(database, outside_world):
    return Storefront(database, on_hand=2 * ORDERS)


def test_a_good_order_stays_within_its_budget(storefront_of_many, spent, sent):
    for _ in range(ORDERS):
        storefront_of_many.place()
        storefront_of_many.come_to_rest()
    cost = {what: times / ORDERS for what, times in (spent + sent).items()}
    assert {what: times for what, times in cost.items() if times > BUDGET[what]} == {}


def test_placing_an_order_stays_within_its_share(storefront_of_many, spent):
    before = spent.copy()
    storefront_of_many.place()
    assert spent - before == PLACING


def test_orders_that_are_taken_together_share_what_they_cost(storefront_of_many, spent, sent, monkeypatch):
    monkeypatch.setattr(letters, "MARK_EVERY", 60.0)  # how many marks a tenth of a second makes is the machine's affair
    orders = [storefront_of_many.place() for _ in range(ORDERS)]
    placed = spent.copy()
    storefront_of_many.deliveries.together_until_quiet()
    cost = spent - placed
    assert {storefront_of_many.order(order_id).status for order_id in orders} == {"paid"}
    assert {what: times for what, times in cost.items() if times > MANY[what]} == {}

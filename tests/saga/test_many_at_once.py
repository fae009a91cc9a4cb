"""Many orders for few units, processed by many workers at once."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.notifications.mailer import mailer
from tests.saga.order_scenario import OrderScenario, findings

UNITS, ORDERS, WORKERS = 15, 60, 6


@pytest.fixture
def workers():
    with ThreadPoolExecutor(WORKERS) as pool:
        yield pool


def deliver_all(deliveries, workers, *, copies):
    """Deliver everything that is on its way at once, each message so often, until nothing is."""

    def work(task):
        deliveries.deliver(task)
        mailer().close()  # each thread has another connection

    deliveries.collect()
    while deliveries.tasks:
        tasks = deliveries.tasks * copies
        deliveries.tasks = []
        random.shuffle(tasks)
        list(workers.map(work, tasks))
        deliveries.collect()


@pytest.mark.parametrize("copies", [1, 2])
class TestManyOrdersForFewUnits:
    def test_are_paid_exactly_as_far_as_the_units_go(self, database, outside_world, sandbox, workers, *, copies):
        scenario = OrderScenario(database, on_hand=UNITS)
        orders = [scenario.place() for _ in range(ORDERS)]
        deliver_all(scenario.deliveries, workers, copies=copies)
        scenario.deliveries.process_events()
        ended = [scenario.order(order_id) for order_id in orders]
        assert sum(order.status == "paid" for order in ended) == UNITS
        failures = [order.failure for order in ended if order.status == "failed"]
        assert [failure["code"] for failure in failures] == ["out_of_stock"] * (ORDERS - UNITS)
        assert scenario.stock_level() == (0, 0)
        assert sum(intent["amount_captured"] for intent in sandbox.ledger()) == UNITS * scenario.price
        assert findings() == []

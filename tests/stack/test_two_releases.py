"""Workers of two releases side by side, of which one does not know the other's version of place_order."""

import copy
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace

import psycopg
import pytest

from ops.stack import Stack
from tests.stack.commands import books_are_clean
from tests.stack.next_release import NextRelease
from tests.stack.running import running_stack
from tests.stack.shop import DECLINED, Shop
from tests.waiting import until

pytestmark = [pytest.mark.rabbitmq, pytest.mark.xdist_group("two releases"), pytest.mark.slow]

STEPS = {1: 5, 2: 6}
"""How many steps each version has."""


@pytest.fixture(scope="module")
def first() -> Iterator[Stack]:
    """A running stack of this release."""
    with running_stack() as stack:
        yield stack


@pytest.fixture(scope="module")
def second(first: Stack) -> Iterator[NextRelease]:
    """The next release, with a running API. No worker of it runs."""
    release = NextRelease(first)
    with release.api():
        yield release


@pytest.fixture
def shop(first: Stack) -> Shop:
    return Shop(first, on_hand=100)


@pytest.fixture
def upgraded(shop: Shop, second: NextRelease) -> Shop:
    """The same shop, whose customers order at the API of the next release."""
    other = copy.copy(shop)
    other.stack = SimpleNamespace(api_url=second.api_url)
    return other


@pytest.fixture
def sql(first: Stack):
    """Run a statement as the owner; returns the rows."""
    with psycopg.connect(first.env["ORDERX_OWNER_DATABASE_URL"], autocommit=True) as owner:
        yield lambda statement, *values: owner.execute(statement, values).fetchall()


def history(sql, shop, version):
    """How often each entry stands in the history of each of the shop's sagas of this version."""
    rows = sql(
        "SELECT s.id, concat_ws(' ', h.step, h.event) FROM sagas s CROSS JOIN LATERAL saga_history(s.id) AS h"
        " WHERE s.company_id = %s AND s.version = %s",
        shop.company_id,
        version,
    )
    counters = {saga: Counter() for saga, _ in rows}
    for saga, event in rows:
        counters[saga][event] += 1
    return list(counters.values())


class TestTwoReleases:
    def test_a_task_of_the_new_version_goes_round_once_until_a_worker_knows_it(
        self, first, second, shop, upgraded, sql
    ):
        known = shop.order(wait=20).json()
        assert known["status"] == "paid"
        upgraded.order()

        def put_back():
            [entries] = history(sql, shop, 2)
            return entries["unknown_version"]

        until(put_back, "no worker has put the task back")
        seen = set()

        def went_round_five_times():
            rows = sql("SELECT id, body->>'task' FROM outbox WHERE kind = 'task'")
            assert max(Counter(task for _, task in rows).values(), default=0) <= 1
            seen.update(rows)
            return max(Counter(task for _, task in seen).values(), default=0) >= 5

        until(went_round_five_times, "the task does not go round")
        assert shop.statuses() == {"paid": 1, "pending": 1}
        with second.worker():
            assert books_are_clean(first)
        assert shop.statuses() == {"paid": 2}
        assert [entries["done"] for entries in history(sql, shop, 2)] == [1]

    def test_orders_of_both_versions_end_once_and_right(self, first, second, shop, upgraded, sql):
        with second.worker():
            for _ in range(4):
                for each in (shop, upgraded):
                    assert each.order(quantity=2).ok
                    assert each.order(card=DECLINED).ok
            assert books_are_clean(first)
        assert shop.statuses() == {"paid": 8, "failed": 8}
        assert shop.stock() == (100 - 8 * 2, 0)
        for version, steps in STEPS.items():
            histories = history(sql, shop, version)
            assert sorted((entries["done"], entries["undone"]) for entries in histories) == [(0, 1)] * 4 + [(1, 0)] * 4
            done = [{entry: times for entry, times in each.items() if entry.endswith(" done")} for each in histories]
            assert all(set(each.values()) <= {1} for each in done)
            assert sorted(len(each) for each in done)[4:] == [steps] * 4

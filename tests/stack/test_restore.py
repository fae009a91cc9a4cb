"""Restoring a dump into a new database, with an empty broker and the provider's unchanged payments."""

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator

import pytest
import requests

from ops.services import postgres_binaries
from ops.stack import Stack
from tests.stack.commands import books_are_clean, orderx
from tests.stack.running import running_stack
from tests.stack.shop import DECLINED, Shop
from tests.waiting import until

pytestmark = [pytest.mark.rabbitmq, pytest.mark.xdist_group("stack"), pytest.mark.slow]

ROLES = "; ".join(
    f"CREATE ROLE orderx_{name} NOLOGIN" for name in ("app", "operator", "definer", "events_owner", "across_companies")
)


@pytest.fixture
def stack() -> Iterator[Stack]:
    """A separate stack, whose data the test may delete."""
    with running_stack() as stack:
        yield stack


def run(program: str, *words: object) -> None:
    """Run one of PostgreSQL's client programs."""
    command = [postgres_binaries.choose(data_version=None).directory / program, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def restore(stack: Stack, dump: object) -> None:
    """Restore a dump as docs/operations.md describes, on a stopped stack."""
    for data in ("postgres", "rabbitmq"):
        shutil.rmtree(stack.home / data / "data")
    with stack.postgres:
        run("psql", stack.postgres.url, "--set", "ON_ERROR_STOP=1", "--command", ROLES)
        run("pg_restore", "--no-owner", "--exit-on-error", "--dbname", stack.postgres.url, dump)
    stack.start()  # which migrates before anything else


def ended(shop: Shop, **statuses: int) -> None:
    until(lambda: shop.statuses() == statuses, f"the orders have not become {statuses}")


def reconcile(stack: Stack, *words: str) -> list[dict]:
    done = orderx(stack, "reconcile", "--json", *words)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


class TestRestore:
    def test_resumes_open_sagas_and_refunds_later_payments(self, stack: Stack):
        shop, dump = Shop(stack, on_hand=50), stack.home / "orderx.dump"
        shop.order_many(10)
        ended(shop, paid=10)
        for worker in ("worker-orders-1", "worker-orders-2"):
            stack[worker].stop()
        under_way = [answer.json()["id"] for answer in shop.order_many(8)]
        under_way += [answer.json()["id"] for answer in shop.order_many(2, card=DECLINED)]
        run("pg_dump", "--format", "custom", "--file", dump, stack.postgres.url)
        for worker in ("worker-orders-1", "worker-orders-2"):
            stack[worker].start()
        since = {answer.json()["id"] for answer in shop.order_many(10)}
        ended(shop, paid=28, failed=2)
        stack.stop()

        restore(stack, dump)
        ended(shop, paid=18, failed=2)
        gone = reconcile(stack, "--dry-run")
        assert {each["order_id"] for each in gone} == since
        assert {each["result"] for each in gone} == {"would be refunded"}
        assert Counter(each["result"] for each in reconcile(stack)) == {"refunded": 10}
        assert reconcile(stack) == []
        assert books_are_clean(stack)
        assert shop.stock() == (50 - 18, 0)
        made = requests.get(f"{stack.sandbox_url}/ledger", timeout=10).json()["payment_intents"]
        assert Counter(i["order_id"] for i in made if i["order_id"] in under_way) == Counter(under_way)
        assert sum(intent["amount_captured"] - intent["amount_refunded"] for intent in made) == 18 * 1999

"""SIGKILL at every failpoint, on real RabbitMQ and PostgreSQL: every order ends right, and the books are clean."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.stack.commands import books_are_clean
from tests.stack.failpoint_cases import FAILPOINT_CASES, KILLS_AN_API_WORKER, ON_HAND, SENDS_THE_MAIL_TWICE
from tests.stack.failpoints import Failpoints, order
from tests.stack.more_workers import second_mail_worker
from tests.stack.running import running_stack
from tests.stack.shop import Shop
from tests.waiting import until

pytestmark = [pytest.mark.rabbitmq, pytest.mark.xdist_group("crashes"), pytest.mark.slow]


@pytest.fixture(scope="module")
def failing_stack() -> Iterator[Failpoints]:
    """A stack whose processes crash at armed failpoints."""
    with running_stack(failpoints="failpoints") as stack:
        yield Failpoints(stack, stack.home / "failpoints")


@pytest.fixture
def points(failing_stack: Failpoints) -> Iterator[Failpoints]:
    """The failpoints, disarmed; all processes are running before and after the test."""
    yield failing_stack
    failing_stack.disarm()
    failing_stack.restart_dead()


@pytest.mark.parametrize("point", sorted(FAILPOINT_CASES))
def test_a_crash_loses_nothing(points: Failpoints, point: str):
    case = FAILPOINT_CASES[point]
    shop = Shop(points.stack, on_hand=ON_HAND)
    case.trigger(points, shop, point)
    if point not in KILLS_AN_API_WORKER:
        until(points.restart_dead, "nobody has died")
    assert books_are_clean(points.stack)
    assert shop.statuses() == {case.final_status: 1}
    assert shop.stock() == (ON_HAND - case.sold, 0)
    assert sorted(mails_received(shop).values()).count(2) == (point == SENDS_THE_MAIL_TWICE)


LATE = [
    "step.begun:authorise_payment",
    "step.called:capture_payment",
    "step.begun:email_customer",
]


@pytest.mark.parametrize("point", LATE)
def test_a_worker_frozen_past_every_deadline_does_nothing_twice(points: Failpoints, point: str):
    shop = Shop(points.stack, on_hand=ON_HAND)
    points.arm(point, signal.SIGSTOP)
    order_id = order(shop, str(uuid4()))
    points.wait_for_hit(point)
    frozen = points.frozen()
    try:
        if frozen.name == "worker-mails":
            with second_mail_worker(points.stack):
                until(lambda: has_ended(shop, order_id), "nobody has taken over")
        else:
            until(lambda: has_ended(shop, order_id), "nobody has taken over")
    finally:
        os.killpg(frozen.pid, signal.SIGCONT)
    assert books_are_clean(points.stack)
    assert shop.statuses() == {"paid": 1}
    assert shop.stock() == (ON_HAND - 1, 0)
    assert set(mails_received(shop).values()) == {1}


def has_ended(shop: Shop, order_id: str) -> bool:
    """Whether the order's saga has ended and its last mail is sent."""
    [saga] = shop.call("GET", f"/orders/{order_id}/saga", as_=shop.customer)["data"]
    return saga["ended_at"] is not None


def mails_received(shop: Shop) -> Counter[str]:
    """The number of copies of each mail to the buyer or the merchant, by Message-ID."""
    received = Counter(mail["message_id"] for mail in shop.mails())
    assert set(received.values()) <= {1, 2}
    return received

"""Answers of the provider, or requests to it, that are late at any moment leave no inconsistency."""

import pytest

from saga.steps.authorise_payment import authorise_payment
from saga.steps.capture_payment import capture_payment
from tests.saga.plights import Frozen, calls_as_checkpoints
from tests.saga.storefront import findings

WINDOWS = range(7)
"""How many messages are delivered between the freezing of a request and its thaw."""


@pytest.fixture(autouse=True)
def _checkpoints(outside_world, monkeypatch):
    calls_as_checkpoints(monkeypatch)


@pytest.fixture
def frozen(storefront):
    """Freeze the worker that takes this task, which is redelivered meanwhile."""

    def freezing(name, *, at):
        task = next(task for task in storefront.deliveries.tasks if task["task"] == name)
        return Frozen(lambda: storefront.deliveries.deliver(task), at=at)

    return freezing


def deliver(storefront, times):
    for _ in range(times):
        if storefront.deliveries.tasks:
            storefront.deliveries.deliver(storefront.deliveries.tasks.pop(0))
            storefront.deliveries.collect()


def fail_meanwhile(storefront, weather, step, task):
    """The redelivered step gets no answer until its retries are used up."""
    weather.spoil(step.name, *["is unavailable"] * step.retries.limit)
    for _ in range(step.retries.limit):
        storefront.deliveries.deliver_next(task)


@pytest.mark.parametrize("at", ["call", "answer"])
@pytest.mark.parametrize("window", WINDOWS)
class TestALateAuthorisation:
    def test_is_voided_when_the_order_has_failed(self, storefront, weather, frozen, *, window, at):
        order_id = storefront.place()
        storefront.deliveries.collect()
        late = frozen("payments.authorise_payment", at=at)
        fail_meanwhile(storefront, weather, authorise_payment, "payments.authorise_payment")
        deliver(storefront, window)
        late.thaw()
        storefront.come_to_rest()
        assert storefront.order(order_id).status == "failed"
        assert findings() == []


@pytest.mark.parametrize("at", ["call", "answer"])
@pytest.mark.parametrize("window", WINDOWS)
class TestALateCapture:
    def test_is_refunded_when_the_order_has_failed(self, storefront, weather, frozen, sandbox, *, window, at):
        order_id = storefront.place()
        storefront.deliveries.deliver_next("inventory.reserve_stock")
        storefront.deliveries.deliver_next("payments.authorise_payment")
        late = frozen("saga.advance", at=at)
        fail_meanwhile(storefront, weather, capture_payment, "saga.advance")
        deliver(storefront, window)
        late.thaw()
        storefront.come_to_rest()
        assert storefront.order(order_id).status == "failed"
        [intent] = sandbox.ledger()
        assert intent["amount_captured"] == intent["amount_refunded"]
        assert findings() == []


class TestACaptureBetweenLookUpAndVoid:
    def test_is_refunded(self, storefront, weather, frozen, sandbox):
        """Not taken yet when the one undo looks, taken when the next lets go of the hold."""
        storefront.place()
        storefront.deliveries.deliver_next("inventory.reserve_stock")
        storefront.deliveries.deliver_next("payments.authorise_payment")
        late = frozen("saga.advance", at="call")
        fail_meanwhile(storefront, weather, capture_payment, "saga.advance")
        storefront.deliveries.deliver_next("payments.refund_payment")
        late.thaw()
        storefront.deliveries.deliver_next("payments.void_payment")
        [intent] = sandbox.ledger()
        assert (intent["amount_captured"], intent["amount_refunded"]) == (1999, 1999)
        storefront.come_to_rest()
        assert findings() == []


@pytest.mark.parametrize("undo", ["payments.refund_payment", "payments.void_payment"])
@pytest.mark.parametrize("at", ["call", "answer"])
class TestALateUndo:
    def test_changes_nothing(self, storefront, weather, frozen, *, undo, at):
        order_id = storefront.place()
        weather.spoil("capture_payment", *["loses its answer"] * capture_payment.retries.limit)
        for name in (
            "inventory.reserve_stock",
            "payments.authorise_payment",
            *["saga.advance"] * capture_payment.retries.limit,
        ):
            storefront.deliveries.deliver_next(name)
        if undo == "payments.void_payment":
            storefront.deliveries.deliver_next("payments.refund_payment")
        late = frozen(undo, at=at)
        storefront.deliveries.until_quiet()
        late.thaw()
        storefront.come_to_rest()
        assert storefront.order(order_id).status == "failed"
        assert findings() == []

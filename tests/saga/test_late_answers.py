"""Answers of the provider, or requests to it, that are late at any moment leave no inconsistency."""

import pytest

from saga.place_order import PLACE_ORDER
from tests.saga.interruptions import PausedWorker, calls_as_checkpoints
from tests.saga.order_scenario import findings

AUTHORISE, CAPTURE = (PLACE_ORDER.steps[name] for name in ("authorise_payment", "capture_payment"))

WINDOWS = range(7)
"""How many messages are delivered between the freezing of a request and its thaw."""


@pytest.fixture(autouse=True)
def _checkpoints(outside_world, monkeypatch):
    calls_as_checkpoints(monkeypatch)


@pytest.fixture
def paused(scenario):
    """Freeze the worker that takes this task, which is redelivered meanwhile."""

    def freezing(name, *, at):
        task = next(task for task in scenario.deliveries.tasks if task["task"] == name)
        return PausedWorker(lambda: scenario.deliveries.deliver(task), at=at)

    return freezing


def deliver(scenario, times):
    for _ in range(times):
        if scenario.deliveries.tasks:
            scenario.deliveries.deliver(scenario.deliveries.tasks.pop(0))
            scenario.deliveries.collect()


def fail_meanwhile(scenario, faults, step, task):
    """The redelivered step gets no answer until its retries are used up."""
    faults.inject(step.name, *["is unavailable"] * step.retries.limit)
    for _ in range(step.retries.limit):
        scenario.deliveries.deliver_next(task)


@pytest.mark.parametrize("at", ["call", "answer"])
@pytest.mark.parametrize("window", WINDOWS)
class TestALateAuthorisation:
    def test_is_voided_when_the_order_has_failed(self, scenario, faults, paused, *, window, at):
        order_id = scenario.place()
        scenario.deliveries.collect()
        late = paused("payments.authorise_payment", at=at)
        fail_meanwhile(scenario, faults, AUTHORISE, "payments.authorise_payment")
        deliver(scenario, window)
        late.resume()
        scenario.run_until_idle()
        assert scenario.order(order_id).status == "failed"
        assert findings() == []


@pytest.mark.parametrize("at", ["call", "answer"])
@pytest.mark.parametrize("window", WINDOWS)
class TestALateCapture:
    def test_is_refunded_when_the_order_has_failed(self, scenario, faults, paused, sandbox, *, window, at):
        order_id = scenario.place()
        scenario.deliveries.deliver_next("inventory.reserve_stock")
        scenario.deliveries.deliver_next("payments.authorise_payment")
        late = paused("saga.advance", at=at)
        fail_meanwhile(scenario, faults, CAPTURE, "saga.advance")
        deliver(scenario, window)
        late.resume()
        scenario.run_until_idle()
        assert scenario.order(order_id).status == "failed"
        [intent] = sandbox.ledger()
        assert intent["amount_captured"] == intent["amount_refunded"]
        assert findings() == []


class TestACaptureBetweenLookUpAndVoid:
    def test_is_refunded(self, scenario, faults, paused, sandbox):
        """Not taken yet when the one undo looks, taken when the next lets go of the hold."""
        scenario.place()
        scenario.deliveries.deliver_next("inventory.reserve_stock")
        scenario.deliveries.deliver_next("payments.authorise_payment")
        late = paused("saga.advance", at="call")
        fail_meanwhile(scenario, faults, CAPTURE, "saga.advance")
        scenario.deliveries.deliver_next("payments.refund_payment")
        late.resume()
        scenario.deliveries.deliver_next("payments.void_payment")
        [intent] = sandbox.ledger()
        assert (intent["amount_captured"], intent["amount_refunded"]) == (1999, 1999)
        scenario.run_until_idle()
        assert findings() == []


@pytest.mark.parametrize("undo", ["payments.refund_payment", "payments.void_payment"])
@pytest.mark.parametrize("at", ["call", "answer"])
class TestALateUndo:
    def test_changes_nothing(self, scenario, faults, paused, *, undo, at):
        order_id = scenario.place()
        faults.inject("capture_payment", *["loses its answer"] * CAPTURE.retries.limit)
        for name in (
            "inventory.reserve_stock",
            "payments.authorise_payment",
            *["saga.advance"] * CAPTURE.retries.limit,
        ):
            scenario.deliveries.deliver_next(name)
        if undo == "payments.void_payment":
            scenario.deliveries.deliver_next("payments.refund_payment")
        late = paused(undo, at=at)
        scenario.deliveries.deliver_all()
        late.resume()
        scenario.run_until_idle()
        assert scenario.order(order_id).status == "failed"
        assert findings() == []

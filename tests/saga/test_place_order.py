from contextlib import suppress
from itertools import product

import pytest

from domain.payments.gateway import ProviderUnavailable
from domain.payments.stripe_gateway import gateway
from kit.config import settings
from saga.engine.rehearse import rehearse
from saga.engine.sweep import sweep
from saga.place_order import PLACE_ORDER
from saga.steps.notifications.email_customer import email_customer
from tests.requests import TRACEPARENT, in_request
from tests.saga.order_scenario import OrderScenario, findings

AUTHORISE, CAPTURE = (PLACE_ORDER.steps[name] for name in ("authorise_payment", "capture_payment"))

STEPS = list(PLACE_ORDER.steps.values())
REVERSIBLE = [step for step in STEPS if step.undo_function]
TRANSIENT = ["is unavailable", "loses its answer"]


def assert_as_rehearsed(scenario, order_id, *, failing=None):
    predicted = rehearse(PLACE_ORDER, failing=failing)
    undone = [PLACE_ORDER.steps[step].undo_name for step in scenario.steps_with_event("undone", order_id)]
    assert sorted(scenario.steps_with_event("done", order_id)) == sorted(predicted.done)
    assert tuple(undone) == predicted.undone
    assert scenario.saga(order_id).state == predicted.ending


def every_count_below_the_limit():
    return [pytest.param(step, k, id=f"{step}-{k}") for step in STEPS for k in range(1, step.retries.limit)]


class TestPlaceOrder:
    def test_prints_its_stages(self):
        assert str(PLACE_ORDER) == (
            "place_order: together reserve_stock and authorise_payment, then capture_payment, then commit_stock, "
            "afterwards email_customer"
        )

    def test_ends_paid_and_mails_the_buyer(self, scenario):
        order_id = scenario.place(2)
        scenario.run_until_idle()
        assert scenario.order(order_id).status == "paid"
        assert scenario.stock_level() == (3, 0)
        assert_as_rehearsed(scenario, order_id)
        assert findings() == []

    @pytest.mark.parametrize(("continue_inline", "body"), [(True, []), (False, ["saga.advance"])])
    def test_takes_three_messages_or_four(self, scenario, continue_inline, body):
        scenario.deliveries.continue_inline = continue_inline
        scenario.place()
        scenario.deliveries.deliver_all()
        assert scenario.deliveries.delivered == [
            "inventory.reserve_stock", "payments.authorise_payment", *body, "notifications.email_customer",
        ]  # fmt: skip

    def test_passes_the_request_on_to_every_message_also_if_the_sweeper_sends_it(self, scenario):
        deliveries = scenario.deliveries
        with in_request("mine"):
            scenario.place()
        deliveries.collect()
        deliveries.tasks.clear()
        scenario.expire_deadlines()
        assert sweep(deliveries.find) == 1
        deliveries.collect()
        assert {task["traceparent"] for task in deliveries.tasks} == {TRACEPARENT}
        deliveries.deliver_all()
        assert deliveries.events[-1]["type"] == "order.completed"
        assert {(event["requestid"], event["traceparent"]) for event in deliveries.events} == {("mine", TRACEPARENT)}

    def test_makes_no_payment_for_a_free_order(self, database, outside_world, sandbox):
        scenario = OrderScenario(database, price=0)
        order_id = scenario.place()
        scenario.run_until_idle()
        assert scenario.order(order_id).status == "paid"
        assert sandbox.ledger() == []
        assert findings() == []


class TestAStepThatFails:
    @pytest.mark.parametrize("step", [step for step in STEPS if step is not email_customer], ids=str)
    def test_for_good_ends_as_rehearsed(self, scenario, faults, step):
        faults.inject(step.name, "refuses")
        self.assert_ends_as_rehearsed(scenario, step)

    @pytest.mark.parametrize("fault", TRANSIENT)
    @pytest.mark.parametrize("step", STEPS, ids=str)
    def test_until_its_retries_are_used_up_ends_as_rehearsed(self, scenario, faults, step, fault):
        faults.inject(step.name, *[fault] * step.retries.limit)
        self.assert_ends_as_rehearsed(scenario, step)

    def assert_ends_as_rehearsed(self, scenario, step):
        order_id = scenario.place()
        scenario.run_until_idle()
        order = scenario.order(order_id)
        assert_as_rehearsed(scenario, order_id, failing=step)
        if rehearse(PLACE_ORDER, failing=step).ending == "undone":
            assert (order.status, order.failure["step"]) == ("failed", step.name)
            assert scenario.stock_level() == (5, 0)
            assert findings() == []
        else:
            assert order.status == ("paid" if step is email_customer else "pending")
            assert findings(at_rest=False) == []

    @pytest.mark.parametrize("fault", TRANSIENT)
    @pytest.mark.parametrize(("step", "times"), every_count_below_the_limit())
    def test_at_first_is_retried_and_ends_paid(self, scenario, faults, step, times, fault):
        faults.inject(step.name, *[fault] * times)
        order_id = scenario.place()
        scenario.run_until_idle()
        assert_as_rehearsed(scenario, order_id)
        assert scenario.steps_with_event("retried", order_id) == (step.name,) * times
        assert scenario.order(order_id).status == "paid"
        assert findings() == []


class TestAnUndoThatFails:
    @pytest.fixture
    def begin(self, scenario, faults):
        """Place an order that will be undone, the undo of this step included."""

        def placing(step):
            if step is CAPTURE:  # taken, but we never hear of it
                faults.inject("capture_payment", *["loses its answer"] * CAPTURE.retries.limit)
            elif step is AUTHORISE:
                faults.inject("reserve_stock", "refuses")
            else:
                faults.inject("authorise_payment", "refuses")
            return scenario.place()

        return placing

    @pytest.mark.parametrize(("fault", "times"), list(product(TRANSIENT, [1, 2, 11])))
    @pytest.mark.parametrize("step", REVERSIBLE, ids=lambda step: step.undo_name)
    def test_at_first_is_retried_and_everything_is_undone(self, scenario, faults, begin, *, step, fault, times):
        faults.inject(step.undo_name, *[fault] * times)
        order_id = begin(step)
        scenario.run_until_idle()
        assert 1 <= len(scenario.steps_with_event("undo_retried", order_id)) <= times
        assert scenario.order(order_id).status == "failed"
        assert scenario.stock_level() == (5, 0)
        assert findings() == []

    @pytest.mark.parametrize("step", REVERSIBLE, ids=lambda step: step.undo_name)
    def test_until_its_retries_are_used_up_opens_an_incident_and_waits(self, scenario, faults, begin, step):
        faults.inject(step.undo_name, *["is unavailable"] * step.undo_retries.limit)
        order_id = begin(step)
        scenario.run_until_idle()
        assert scenario.saga(order_id).state == "stuck"
        [incident] = scenario.incidents(order_id)
        assert (incident.step, incident.phase, incident.attempts) == (step.name, "compensating", 12)
        assert scenario.order(order_id).status == "pending"
        assert findings(at_rest=False) == []
        assert scenario.deliveries.tasks == []


class TestTheProvider:
    @pytest.mark.parametrize(
        ("card", "code"),
        [
            ("pm_card_chargeDeclined", "generic_decline"),
            ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
            ("pm_no_such", "invalid_payment_method"),
        ],
    )
    def test_that_declines_fails_the_order_with_its_reason(self, scenario, sandbox, card, code):
        order_id = scenario.place(method=card)
        scenario.run_until_idle()
        order = scenario.order(order_id)
        assert (order.status, order.failure["code"], order.failure["step"]) == ("failed", code, "authorise_payment")
        assert sum(intent["amount_captured"] for intent in sandbox.ledger()) == 0
        assert findings() == []

    @pytest.mark.parametrize("card", ["pm_card_slow", "pm_card_silent"])
    def test_that_answers_too_late_is_called_again(self, scenario, sandbox, monkeypatch, card):
        monkeypatch.setenv("ORDERX_PAYMENT_TIMEOUT", "0.4")
        settings.cache_clear()
        gateway.cache_clear()
        order_id = scenario.place(method=card)
        scenario.deliveries.deliver_next("payments.authorise_payment")
        assert scenario.steps_with_event("retried", order_id) == ("authorise_payment",)
        _until_it_answers(order_id, card, key=f"{scenario.saga(order_id).id}:authorise_payment")
        scenario.run_until_idle()
        assert scenario.order(order_id).status == "paid"
        [intent] = sandbox.ledger()
        assert intent["amount_captured"] == 1999
        assert findings() == []

    @pytest.mark.processes
    def test_that_is_killed_and_restarted_has_everything_undone(self, scenario, sandbox):
        order_id = scenario.place()
        scenario.deliveries.deliver_next("inventory.reserve_stock")
        scenario.deliveries.deliver_next("payments.authorise_payment")
        sandbox.kill()
        for _ in range(CAPTURE.retries.limit):
            scenario.deliveries.deliver_next("saga.advance")
        scenario.deliveries.deliver_next("payments.refund_payment")
        sandbox.restart()
        scenario.run_until_idle()
        assert scenario.order(order_id).failure["code"] == "payment_provider_unavailable"
        assert [intent["status"] for intent in sandbox.ledger()] == ["canceled"]
        assert findings() == []


class TestAMailThatIsRefused:
    def test_holds_up_nothing(self, scenario, faults):
        faults.inject("email_customer", "refuses")
        order_id = scenario.place()
        scenario.run_until_idle()
        assert scenario.saga(order_id).state == "done"
        assert findings() == []


def _until_it_answers(order_id, card, *, key):
    for _ in range(1000):
        with suppress(ProviderUnavailable):
            gateway().authorise(amount=1999, currency="EUR", method=card, order_id=order_id, key=key)
            return
    raise AssertionError("the provider never answers")

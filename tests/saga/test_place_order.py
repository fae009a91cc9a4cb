from contextlib import suppress
from itertools import product

import pytest
from structlog.contextvars import bound_contextvars

from domain.payments.gateway import ProviderUnavailable
from domain.payments.stripe_gateway import gateway
from kit.config import settings
from saga.engine.rehearse import rehearse
from saga.place_order import PLACE_ORDER
from saga.steps.authorise_payment import authorise_payment
from saga.steps.capture_payment import capture_payment
from saga.steps.email_customer import email_customer
from tests.saga.storefront import Storefront, findings

STEPS = list(PLACE_ORDER.steps.values())
REVERSIBLE = [step for step in STEPS if step.undo_function]
TRANSIENT = ["is unavailable", "loses its answer"]


def assert_as_rehearsed(storefront, order_id, *, failing=None):
    foretold = rehearse(PLACE_ORDER, failing=failing)
    undone = [PLACE_ORDER.steps[step].undo_name for step in storefront.happened("undone", order_id)]
    assert sorted(storefront.happened("done", order_id)) == sorted(foretold.done)
    assert tuple(undone) == foretold.undone
    assert storefront.saga(order_id).state == foretold.ending


def every_count_below_the_limit():
    return [pytest.param(step, k, id=f"{step}-{k}") for step in STEPS for k in range(1, step.retries.limit)]


class TestPlaceOrder:
    def test_prints_its_stages(self):
        assert str(PLACE_ORDER) == (
            "place_order: together reserve_stock and authorise_payment, then capture_payment, then commit_stock, "
            "afterwards email_customer"
        )

    def test_ends_paid_and_mails_the_buyer(self, storefront):
        order_id = storefront.place(2)
        storefront.come_to_rest()
        assert storefront.order(order_id).status == "paid"
        assert storefront.shelf() == (3, 0)
        assert_as_rehearsed(storefront, order_id)
        assert findings() == []

    @pytest.mark.parametrize(("continue_inline", "body"), [(True, []), (False, ["saga.advance"])])
    def test_takes_three_messages_or_four(self, storefront, continue_inline, body):
        storefront.deliveries.continue_inline = continue_inline
        storefront.place()
        storefront.deliveries.until_quiet()
        assert storefront.deliveries.delivered == [
            "inventory.reserve_stock", "payments.authorise_payment", *body, "notifications.email_customer",
        ]  # fmt: skip

    def test_passes_the_request_id_from_message_to_message(self, storefront):
        deliveries = storefront.deliveries
        with bound_contextvars(request_id="mine"):
            storefront.place()
            deliveries.collect()
        while deliveries.tasks:
            task = deliveries.tasks.pop(0)
            with bound_contextvars(request_id=task["requestid"]):
                deliveries.deliver(task)
            deliveries.collect()
        assert deliveries.events[-1]["type"] == "order.completed"
        assert {event["requestid"] for event in deliveries.events} == {"mine"}

    def test_makes_no_payment_for_a_free_order(self, database, outside_world, sandbox):
        storefront = Storefront(database, price=0)
        order_id = storefront.place()
        storefront.come_to_rest()
        assert storefront.order(order_id).status == "paid"
        assert sandbox.ledger() == []
        assert findings() == []


class TestAStepThatFails:
    @pytest.mark.parametrize("step", [step for step in STEPS if step is not email_customer], ids=str)
    def test_for_good_ends_as_rehearsed(self, storefront, weather, step):
        weather.spoil(step.name, "refuses")
        self.assert_ends_as_rehearsed(storefront, step)

    @pytest.mark.parametrize("mood", TRANSIENT)
    @pytest.mark.parametrize("step", STEPS, ids=str)
    def test_until_its_retries_are_used_up_ends_as_rehearsed(self, storefront, weather, step, mood):
        weather.spoil(step.name, *[mood] * step.retries.limit)
        self.assert_ends_as_rehearsed(storefront, step)

    def assert_ends_as_rehearsed(self, storefront, step):
        order_id = storefront.place()
        storefront.come_to_rest()
        order = storefront.order(order_id)
        assert_as_rehearsed(storefront, order_id, failing=step)
        if rehearse(PLACE_ORDER, failing=step).ending == "undone":
            assert (order.status, order.failure["step"]) == ("failed", step.name)
            assert storefront.shelf() == (5, 0)
            assert findings() == []
        else:
            assert order.status == ("paid" if step is email_customer else "pending")
            assert findings(at_rest=False) == []

    @pytest.mark.parametrize("mood", TRANSIENT)
    @pytest.mark.parametrize(("step", "times"), every_count_below_the_limit())
    def test_at_first_is_retried_and_ends_paid(self, storefront, weather, step, times, mood):
        weather.spoil(step.name, *[mood] * times)
        order_id = storefront.place()
        storefront.come_to_rest()
        assert_as_rehearsed(storefront, order_id)
        assert storefront.happened("retried", order_id) == (step.name,) * times
        assert storefront.order(order_id).status == "paid"
        assert findings() == []


class TestAnUndoThatFails:
    @pytest.fixture
    def begin(self, storefront, weather):
        """Place an order that will be undone, the undo of this step included."""

        def placing(step):
            if step is capture_payment:  # taken, but we never hear of it
                weather.spoil("capture_payment", *["loses its answer"] * capture_payment.retries.limit)
            elif step is authorise_payment:
                weather.spoil("reserve_stock", "refuses")
            else:
                weather.spoil("authorise_payment", "refuses")
            return storefront.place()

        return placing

    @pytest.mark.parametrize(("mood", "times"), list(product(TRANSIENT, [1, 2, 11])))
    @pytest.mark.parametrize("step", REVERSIBLE, ids=lambda step: step.undo_name)
    def test_at_first_is_retried_and_everything_is_undone(self, storefront, weather, begin, *, step, mood, times):
        weather.spoil(step.undo_name, *[mood] * times)
        order_id = begin(step)
        storefront.come_to_rest()
        assert 1 <= len(storefront.happened("undo_retried", order_id)) <= times
        assert storefront.order(order_id).status == "failed"
        assert storefront.shelf() == (5, 0)
        assert findings() == []

    @pytest.mark.parametrize("step", REVERSIBLE, ids=lambda step: step.undo_name)
    def test_until_its_retries_are_used_up_opens_an_incident_and_waits(self, storefront, weather, begin, step):
        weather.spoil(step.undo_name, *["is unavailable"] * step.undo_retries.limit)
        order_id = begin(step)
        storefront.come_to_rest()
        assert storefront.saga(order_id).state == "stuck"
        [incident] = storefront.incidents(order_id)
        assert (incident.step, incident.phase, incident.attempts) == (step.name, "compensating", 12)
        assert storefront.order(order_id).status == "pending"
        assert findings(at_rest=False) == []
        assert storefront.deliveries.tasks == []


class TestTheProvider:
    @pytest.mark.parametrize(
        ("card", "code"),
        [
            ("pm_card_chargeDeclined", "generic_decline"),
            ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
            ("pm_no_such", "invalid_payment_method"),
        ],
    )
    def test_that_declines_fails_the_order_with_its_reason(self, storefront, sandbox, card, code):
        order_id = storefront.place(method=card)
        storefront.come_to_rest()
        order = storefront.order(order_id)
        assert (order.status, order.failure["code"], order.failure["step"]) == ("failed", code, "authorise_payment")
        assert sum(intent["amount_captured"] for intent in sandbox.ledger()) == 0
        assert findings() == []

    @pytest.mark.parametrize("card", ["pm_card_slow", "pm_card_silent"])
    def test_that_answers_too_late_is_called_again(self, storefront, sandbox, monkeypatch, card):
        monkeypatch.setenv("ORDERX_PAYMENT_TIMEOUT", "0.4")
        settings.cache_clear()
        gateway.cache_clear()
        order_id = storefront.place(method=card)
        storefront.deliveries.deliver_next("payments.authorise_payment")
        assert storefront.happened("retried", order_id) == ("authorise_payment",)
        _until_it_answers(order_id, card, key=f"{storefront.saga(order_id).id}:authorise_payment")
        storefront.come_to_rest()
        assert storefront.order(order_id).status == "paid"
        [intent] = sandbox.ledger()
        assert intent["amount_captured"] == 1999
        assert findings() == []

    def test_that_is_killed_and_restarted_has_everything_undone(self, storefront, sandbox):
        order_id = storefront.place()
        storefront.deliveries.deliver_next("inventory.reserve_stock")
        storefront.deliveries.deliver_next("payments.authorise_payment")
        sandbox.kill()
        for _ in range(capture_payment.retries.limit):
            storefront.deliveries.deliver_next("saga.advance")
        storefront.deliveries.deliver_next("payments.refund_payment")
        sandbox.restart()
        storefront.come_to_rest()
        assert storefront.order(order_id).failure["code"] == "payment_provider_unavailable"
        assert [intent["status"] for intent in sandbox.ledger()] == ["canceled"]
        assert findings() == []


class TestAMailThatIsRefused:
    def test_holds_up_nothing(self, storefront, weather):
        weather.spoil("email_customer", "refuses")
        order_id = storefront.place()
        storefront.come_to_rest()
        assert storefront.saga(order_id).state == "done"
        assert findings() == []


def _until_it_answers(order_id, card, *, key):
    for _ in range(1000):
        with suppress(ProviderUnavailable):
            gateway().authorise(amount=1999, currency="EUR", method=card, order_id=order_id, key=key)
            return
    raise AssertionError("the provider never answers")

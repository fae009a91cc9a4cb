"""An operator resolves a stuck order, and stock and payments are consistent again."""

from functools import partial

import pytest

from domain.inventory import reservations as inventory
from kit import db
from kit.tenancy import Tenant
from saga.incidents import actions
from saga.place_order import PLACE_ORDER
from tests.saga.order_scenario import findings

RESERVE, AUTHORISE, COMMIT = (
    PLACE_ORDER.steps[name] for name in ("reserve_stock", "authorise_payment", "commit_stock")
)

WHY = {"reason": "the provider is back", "by": "ada"}


@pytest.fixture
def settled(scenario):
    def act_on(action, order_id):
        assert scenario.saga(order_id).state == "stuck"
        action(scenario.ref(order_id), scenario.deliveries.find, **WHY)
        scenario.run_until_idle()
        return scenario.order(order_id)

    return act_on


class TestAnUndoThatKeptFailing:
    @pytest.fixture(params=[(RESERVE, AUTHORISE), (AUTHORISE, RESERVE)], ids=["release", "void"])
    def order_id(self, request, scenario, faults):
        """Of an order that failed, with an undo that ran out of retries."""
        step, failing = request.param
        faults.inject(failing.name, "refuses")
        faults.inject(step.undo_name, *["is unavailable"] * step.undo_retries.limit)
        order_id = scenario.place()
        scenario.run_until_idle()
        return order_id

    def test_is_retried_and_everything_is_undone(self, scenario, settled, order_id):
        order = settled(actions.retry, order_id)
        assert (order.status, order.failure["code"]) == ("failed", "rejected")
        assert scenario.stock_level() == (5, 0)
        assert findings() == []

    def test_announces_the_incident_and_what_the_operator_did(self, scenario, settled, order_id, published):
        saga_id = str(scenario.ref(order_id).saga_id)
        settled(actions.retry, order_id)
        [opened] = published("incident.opened")
        assert opened == {
            "incident_id": opened["incident_id"], "saga_id": saga_id, "saga": "place_order",
            "subject_id": str(order_id), "step": opened["step"], "error": opened["error"],
        }  # fmt: skip
        assert (opened["step"], opened["error"]) in {
            ("reserve_stock", "RuntimeError"), ("authorise_payment", "payment_provider_unavailable"),
        }  # fmt: skip
        ids = {"incident_id": opened["incident_id"], "saga_id": saga_id}
        assert published("incident.closed") == [{**ids, "action": "retry"}]


class TestAnUndoThatIsDoneByHand:
    def test_ends_the_order_as_failed(self, scenario, faults, settled):
        faults.inject("authorise_payment", "refuses")
        faults.inject("release_stock", *["is unavailable"] * RESERVE.undo_retries.limit)
        order_id = scenario.place()
        scenario.run_until_idle()
        with db.transaction(Tenant(company_id=scenario.shop.company_id)):
            inventory.release(order_ids=[order_id], company_id=scenario.shop.company_id)
        order = settled(partial(actions.resolve, end="undone"), order_id)
        assert (order.status, order.failure["code"]) == ("failed", "rejected")
        assert scenario.stock_level() == (5, 0)
        assert findings() == []


class TestAStepPastThePivot:
    @pytest.fixture
    def order_id(self, scenario, faults):
        faults.inject("commit_stock", *["is unavailable"] * COMMIT.retries.limit)
        order_id = scenario.place()
        scenario.run_until_idle()
        return order_id

    def test_is_retried_and_the_order_is_paid(self, scenario, settled, order_id):
        assert settled(actions.retry, order_id).status == "paid"
        assert scenario.stock_level() == (4, 0)
        assert findings() == []

    def test_is_done_by_hand_and_the_order_is_paid(self, scenario, settled, order_id):
        company_id = scenario.shop.company_id
        with db.transaction(Tenant(company_id=company_id)):
            inventory.commit(order_ids=[order_id], company_id=company_id)
        assert settled(partial(actions.resolve, end="done"), order_id).status == "paid"
        assert scenario.stock_level() == (4, 0)
        assert findings() == []

    def test_that_is_resolved_without_doing_the_work_fails_the_checks(self, settled, order_id):
        assert settled(partial(actions.resolve, end="done"), order_id).status == "paid"
        assert any(found.startswith("all units of paid orders are sold, and no others") for found in findings())

    def test_is_retried_before_a_cancellation_that_was_requested_in_the_meantime(self, scenario, settled, order_id):
        scenario.cancel(order_id)
        assert settled(actions.retry, order_id).status == "cancelled"
        assert scenario.stock_level() == (5, 0)
        assert findings() == []

import pytest

from domain.sales.errors import TransitionNotAllowed
from saga.cancel_order import CANCEL_ORDER
from saga.place_order import PLACE_ORDER
from tests.saga.interruptions import PausedWorker, calls_as_checkpoints
from tests.saga.order_scenario import findings

CAPTURE = PLACE_ORDER.steps["capture_payment"]

HEADER = ("inventory.reserve_stock", "payments.authorise_payment")


@pytest.fixture
def deliver(scenario):
    def delivering(*names):
        for name in names:
            scenario.deliveries.deliver_next(name)

    return delivering


class TestBeforeThePivot:
    @pytest.mark.parametrize("delivered", [(), HEADER[:1], HEADER[1:], HEADER])
    def test_undoes_everything(self, scenario, deliver, sandbox, delivered):
        order_id = scenario.place(2)
        deliver(*delivered)
        scenario.cancel(order_id)
        scenario.run_until_idle()
        assert scenario.order(order_id).status == "cancelled"
        assert scenario.stock_level() == (5, 0)
        assert [intent["status"] for intent in sandbox.ledger()] == ["canceled"]
        assert findings() == []

    def test_requested_twice_changes_nothing_more(self, scenario):
        order_id = scenario.place()
        scenario.cancel(order_id)
        scenario.cancel(order_id)
        scenario.run_until_idle()
        assert scenario.order(order_id).status == "cancelled"
        assert findings() == []

    def test_leaves_an_order_that_fails_by_itself_failed(self, scenario, deliver):
        order_id = scenario.place(method="pm_card_chargeDeclined")
        deliver(*HEADER)
        scenario.cancel(order_id)
        scenario.run_until_idle()
        assert scenario.order(order_id).status == "failed"
        assert findings() == []


class TestFromThePivotOn:
    @pytest.fixture(autouse=True)
    def _checkpoints(self, outside_world, monkeypatch):
        calls_as_checkpoints(monkeypatch)

    def assert_paid_and_then_refunded(self, scenario, sandbox, order_id):
        assert scenario.order(order_id).status == "cancelled"
        assert scenario.saga(order_id).state == "done"
        assert scenario.steps_with_event("done", order_id, saga="cancel_order") == tuple(CANCEL_ORDER.steps)
        [intent] = sandbox.ledger()
        assert (intent["amount_captured"], intent["amount_refunded"]) == (1999, 1999)
        assert scenario.payment(order_id).status == "refunded"
        assert scenario.stock_level() == (5, 0)
        assert findings() == []

    @pytest.mark.parametrize("at", ["call", "answer"])
    def test_pays_first_while_the_payment_is_being_captured(self, scenario, deliver, sandbox, at):
        order_id = scenario.place()
        deliver(*HEADER)
        capturing = PausedWorker(lambda: deliver("saga.advance"), at=at)
        scenario.cancel(order_id)
        assert scenario.order(order_id).status == "pending"
        capturing.resume()
        scenario.run_until_idle()
        self.assert_paid_and_then_refunded(scenario, sandbox, order_id)

    def test_pays_first_while_the_stock_is_not_committed(self, scenario, deliver, faults, sandbox):
        faults.inject("commit_stock", "is unavailable")
        order_id = scenario.place()
        deliver(*HEADER, "saga.advance")
        scenario.cancel(order_id)
        scenario.run_until_idle()
        self.assert_paid_and_then_refunded(scenario, sandbox, order_id)

    def test_refunds_the_payment_before_the_mail_is_sent(self, scenario, deliver, sandbox):
        order_id = scenario.place()
        deliver(*HEADER, "saga.advance")
        scenario.cancel(order_id)
        scenario.run_until_idle()
        self.assert_paid_and_then_refunded(scenario, sandbox, order_id)

    def test_refunds_the_payment(self, scenario, sandbox):
        order_id = scenario.place()
        scenario.run_until_idle()
        scenario.cancel(order_id)
        scenario.run_until_idle()
        self.assert_paid_and_then_refunded(scenario, sandbox, order_id)

    def test_requested_twice_refunds_once(self, scenario, sandbox):
        order_id = scenario.place()
        scenario.run_until_idle()
        scenario.cancel(order_id)
        scenario.cancel(order_id)
        scenario.run_until_idle()
        scenario.cancel(order_id)
        scenario.run_until_idle()
        self.assert_paid_and_then_refunded(scenario, sandbox, order_id)

    def test_undoes_an_order_whose_capture_fails_in_the_end(self, scenario, deliver, faults, sandbox):
        faults.inject("capture_payment", *["loses its answer"] * CAPTURE.retries.limit)
        order_id = scenario.place()
        deliver(*HEADER, "saga.advance")
        scenario.cancel(order_id)
        scenario.run_until_idle()
        assert scenario.order(order_id).status == "failed"
        assert findings() == []


class TestTooLate:
    @pytest.mark.parametrize("undone", [False, True])
    def test_is_refused_for_an_order_that_fails_or_has_failed(self, scenario, deliver, undone):
        order_id = scenario.place(method="pm_card_chargeDeclined")
        deliver(*HEADER, "saga.advance")
        if undone:
            scenario.run_until_idle()
        with pytest.raises(TransitionNotAllowed, match="this order cannot be cancelled"):
            scenario.cancel(order_id)


class TestARefundThatFails:
    @pytest.mark.parametrize("fault", ["is unavailable", "loses its answer"])
    @pytest.mark.parametrize("times", [1, 19])
    def test_at_first_is_retried(self, scenario, faults, *, times, fault):
        faults.inject("refund_order", *[fault] * times)
        order_id = scenario.place()
        scenario.run_until_idle()
        scenario.cancel(order_id)
        scenario.run_until_idle()
        assert scenario.order(order_id).status == "cancelled"
        assert findings() == []

    @pytest.mark.parametrize("step", CANCEL_ORDER.steps)
    def test_until_its_retries_are_used_up_opens_an_incident(self, scenario, faults, step):
        faults.inject(step, *["is unavailable"] * 20)
        order_id = scenario.place()
        scenario.run_until_idle()
        scenario.cancel(order_id)
        scenario.run_until_idle()
        assert scenario.saga(order_id, saga="cancel_order").state == "stuck"
        assert scenario.order(order_id).status == "paid"
        assert findings(at_rest=False) == []

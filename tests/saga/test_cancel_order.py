import pytest

from domain.sales.errors import TransitionNotAllowed
from saga.cancel_order import CANCEL_ORDER
from saga.steps.capture_payment import capture_payment
from tests.saga.plights import Frozen, calls_as_checkpoints
from tests.saga.storefront import findings

HEADER = ("inventory.reserve_stock", "payments.authorise_payment")


@pytest.fixture
def deliver(storefront):
    def delivering(*names):
        for name in names:
            storefront.deliveries.deliver_next(name)

    return delivering


class TestBeforeThePivot:
    @pytest.mark.parametrize("delivered", [(), HEADER[:1], HEADER[1:], HEADER])
    def test_undoes_everything(self, storefront, deliver, sandbox, delivered):
        order_id = storefront.place(2)
        deliver(*delivered)
        storefront.cancel(order_id)
        storefront.come_to_rest()
        assert storefront.order(order_id).status == "cancelled"
        assert storefront.shelf() == (5, 0)
        assert [intent["status"] for intent in sandbox.ledger()] == ["canceled"]
        assert findings() == []

    def test_requested_twice_changes_nothing_more(self, storefront):
        order_id = storefront.place()
        storefront.cancel(order_id)
        storefront.cancel(order_id)
        storefront.come_to_rest()
        assert storefront.order(order_id).status == "cancelled"
        assert findings() == []

    def test_leaves_an_order_that_fails_by_itself_failed(self, storefront, deliver):
        order_id = storefront.place(method="pm_card_chargeDeclined")
        deliver(*HEADER)
        storefront.cancel(order_id)
        storefront.come_to_rest()
        assert storefront.order(order_id).status == "failed"
        assert findings() == []


class TestFromThePivotOn:
    @pytest.fixture(autouse=True)
    def _checkpoints(self, outside_world, monkeypatch):
        calls_as_checkpoints(monkeypatch)

    def assert_paid_and_then_given_back(self, storefront, sandbox, order_id):
        assert storefront.order(order_id).status == "cancelled"
        assert storefront.saga(order_id).state == "done"
        assert storefront.happened("done", order_id, saga="cancel_order") == tuple(CANCEL_ORDER.steps)
        [intent] = sandbox.ledger()
        assert (intent["amount_captured"], intent["amount_refunded"]) == (1999, 1999)
        assert storefront.payment(order_id).status == "refunded"
        assert storefront.shelf() == (5, 0)
        assert findings() == []

    @pytest.mark.parametrize("at", ["call", "answer"])
    def test_pays_first_while_the_payment_is_being_captured(self, storefront, deliver, sandbox, at):
        order_id = storefront.place()
        deliver(*HEADER)
        capturing = Frozen(lambda: deliver("saga.advance"), at=at)
        storefront.cancel(order_id)
        assert storefront.order(order_id).status == "pending"
        capturing.thaw()
        storefront.come_to_rest()
        self.assert_paid_and_then_given_back(storefront, sandbox, order_id)

    def test_pays_first_while_the_stock_is_not_committed(self, storefront, deliver, weather, sandbox):
        weather.spoil("commit_stock", "is unavailable")
        order_id = storefront.place()
        deliver(*HEADER, "saga.advance")
        storefront.cancel(order_id)
        storefront.come_to_rest()
        self.assert_paid_and_then_given_back(storefront, sandbox, order_id)

    def test_refunds_the_payment_before_the_mail_is_sent(self, storefront, deliver, sandbox):
        order_id = storefront.place()
        deliver(*HEADER, "saga.advance")
        storefront.cancel(order_id)
        storefront.come_to_rest()
        self.assert_paid_and_then_given_back(storefront, sandbox, order_id)

    def test_refunds_the_payment(self, storefront, sandbox):
        order_id = storefront.place()
        storefront.come_to_rest()
        storefront.cancel(order_id)
        storefront.come_to_rest()
        self.assert_paid_and_then_given_back(storefront, sandbox, order_id)

    def test_requested_twice_refunds_once(self, storefront, sandbox):
        order_id = storefront.place()
        storefront.come_to_rest()
        storefront.cancel(order_id)
        storefront.cancel(order_id)
        storefront.come_to_rest()
        storefront.cancel(order_id)
        storefront.come_to_rest()
        self.assert_paid_and_then_given_back(storefront, sandbox, order_id)

    def test_undoes_an_order_whose_capture_fails_in_the_end(self, storefront, deliver, weather, sandbox):
        weather.spoil("capture_payment", *["loses its answer"] * capture_payment.retries.limit)
        order_id = storefront.place()
        deliver(*HEADER, "saga.advance")
        storefront.cancel(order_id)
        storefront.come_to_rest()
        assert storefront.order(order_id).status == "failed"
        assert findings() == []


class TestTooLate:
    @pytest.mark.parametrize("undone", [False, True])
    def test_is_refused_for_an_order_that_fails_or_has_failed(self, storefront, deliver, undone):
        order_id = storefront.place(method="pm_card_chargeDeclined")
        deliver(*HEADER, "saga.advance")
        if undone:
            storefront.come_to_rest()
        with pytest.raises(TransitionNotAllowed, match="this order cannot be cancelled"):
            storefront.cancel(order_id)


class TestARefundThatFails:
    @pytest.mark.parametrize("mood", ["is unavailable", "loses its answer"])
    @pytest.mark.parametrize("times", [1, 19])
    def test_at_first_is_retried(self, storefront, weather, *, times, mood):
        weather.spoil("refund_order", *[mood] * times)
        order_id = storefront.place()
        storefront.come_to_rest()
        storefront.cancel(order_id)
        storefront.come_to_rest()
        assert storefront.order(order_id).status == "cancelled"
        assert findings() == []

    @pytest.mark.parametrize("step", CANCEL_ORDER.steps)
    def test_until_its_retries_are_used_up_opens_an_incident(self, storefront, weather, step):
        weather.spoil(step, *["is unavailable"] * 20)
        order_id = storefront.place()
        storefront.come_to_rest()
        storefront.cancel(order_id)
        storefront.come_to_rest()
        assert storefront.saga(order_id, saga="cancel_order").state == "stuck"
        assert storefront.order(order_id).status == "paid"
        assert findings(at_rest=False) == []

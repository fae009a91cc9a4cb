"""Each step alone, without the engine that prevents double runs: do, do twice, undo, undo twice, …"""

from dataclasses import replace

import pytest
from psycopg.errors import UniqueViolation

from domain.payments import payment_records as payments
from domain.payments.declines import PaymentSource
from domain.payments.queries import the_payments
from domain.payments.stripe_gateway import gateway
from kit import clock, db
from kit.tenancy import Tenant
from saga.engine.errors import Refused, TryAgain
from saga.engine.step_functions import Continuation, SharedCall, Subject
from saga.registry import STEPS
from saga.steps.inventory.commit_stock import commit_stock
from saga.steps.inventory.reserve_stock import release_stock, reserve_stock
from saga.steps.inventory.take_back_stock import take_back_stock
from saga.steps.notifications.email_customer import email_customer
from saga.steps.payments.authorise_payment import authorise_payment, void_payment
from saga.steps.payments.capture_payment import capture_payment, refund_payment
from saga.steps.payments.refund_order import refund_order
from tests.inbox_process import running_inbox

FUNCTIONS = {step.name: step.function for step in STEPS.values()} | {
    step.undo_name: step.undo_function for step in STEPS.values()
}
KEYS = {"void_payment": "authorise_payment", "refund_payment": "capture_payment"}
"""The step whose idempotency key an undo with an external call shares."""


@pytest.fixture
def order_id(scenario):
    return scenario.place(2)


@pytest.fixture
def take(scenario, order_id):
    """Run steps and undos one after the other, as the engine does; return the last outcome."""

    def run_all(*steps):
        outcome = None
        for step_or_undo in steps:
            name = step_or_undo.name if hasattr(step_or_undo, "name") else step_or_undo.__name__
            outcome = run(FUNCTIONS[name], KEYS.get(name, name))
        return outcome

    def run(function, key):
        company_id, saga_id = scenario.shop.company_id, scenario.ref(order_id).saga_id
        subject = Subject(order_id, company_id, saga_id, clock.now(), f"{saga_id}:{key}")
        with db.transaction(Tenant(company_id=company_id)):
            result = function([subject])
        if not isinstance(result, Continuation):
            return (result or {}).get(order_id)
        if not result.calls:
            return result.outcomes.get(order_id)
        answer = result.calls[order_id]()
        answers = answer if isinstance(result.calls[order_id], SharedCall) else {order_id: answer}
        with db.transaction(Tenant(company_id=company_id)):
            return result.resume(answers).get(order_id)

    return run_all


@pytest.fixture
def at_the_provider(sandbox):
    """(status, captured, refunded) of the one payment there is."""

    def asking():
        [intent] = sandbox.ledger()
        return intent["status"], intent["amount_captured"], intent["amount_refunded"]

    return asking


class TestReserveStock:
    def test_reserves_the_stock(self, scenario, take):
        take(reserve_stock)
        assert scenario.stock_level() == (5, 2)

    def test_twice_reserves_it_once(self, scenario, take):
        take(reserve_stock)
        with pytest.raises(UniqueViolation):
            take(reserve_stock)
        assert scenario.stock_level() == (5, 2)

    def test_undone_releases_it(self, scenario, take):
        take(reserve_stock, release_stock)
        assert scenario.stock_level() == (5, 0)

    def test_undone_twice_releases_it_once(self, scenario, take):
        take(reserve_stock, release_stock, release_stock)
        assert scenario.stock_level() == (5, 0)

    def test_undone_before_it_is_done_does_nothing(self, scenario, take):
        take(release_stock)
        assert scenario.stock_level() == (5, 0)

    def test_after_its_undo_has_no_effect(self, scenario, take):
        take(reserve_stock, release_stock)
        with pytest.raises(UniqueViolation):
            take(reserve_stock)
        assert scenario.stock_level() == (5, 0)


class TestAuthorisePayment:
    def test_authorises_the_payment(self, scenario, order_id, take, at_the_provider):
        take(authorise_payment)
        assert at_the_provider() == ("requires_capture", 0, 0)
        assert scenario.payment(order_id).status == "authorised"

    def test_twice_authorises_it_once(self, take, at_the_provider):
        assert take(authorise_payment) == take(authorise_payment)
        assert at_the_provider() == ("requires_capture", 0, 0)

    def test_undone_voids_it(self, scenario, order_id, take, at_the_provider):
        take(authorise_payment, void_payment)
        assert at_the_provider() == ("canceled", 0, 0)
        assert scenario.payment(order_id).status == "voided"

    def test_undone_twice_voids_it_once(self, take, at_the_provider):
        take(authorise_payment, void_payment)
        assert take(void_payment) is None
        assert at_the_provider() == ("canceled", 0, 0)

    def test_undone_before_it_is_done_prevents_the_authorisation(self, scenario, order_id, take, at_the_provider):
        take(void_payment)
        assert at_the_provider() == ("canceled", 0, 0)
        assert scenario.payment(order_id).status == "voided"

    def test_after_its_undo_has_no_effect(self, scenario, order_id, take, at_the_provider):
        take(void_payment, authorise_payment)
        assert at_the_provider() == ("canceled", 0, 0)
        assert scenario.payment(order_id).status == "voided"

    def test_undone_after_a_decline_does_nothing(self, scenario, take, monkeypatch, order_id, sandbox):
        declined = replace(gateway().authorise(**self.request(scenario)), outcome="declined", code="expired_card")
        monkeypatch.setattr(gateway(), "authorise", lambda **_: declined)
        assert take(authorise_payment) == Refused("expired_card")
        assert take(void_payment) is None
        assert scenario.payment(order_id).status == "failed"

    def request(self, scenario):
        return {
            "amount": 100, "currency": "EUR", "method": "pm_card_visa", "order_id": scenario.product.id, "key": "k",
        }  # fmt: skip

    @pytest.mark.parametrize("outcome", ["authorised", "captured"])
    def test_is_not_undone_while_the_payment_is_still_authorised(self, take, monkeypatch, outcome):
        take(authorise_payment)
        monkeypatch.setattr(gateway(), "void", lambda ref, key: replace(gateway().look_up(ref=ref), outcome=outcome))
        monkeypatch.setattr(
            gateway(), "refund", lambda ref, key: replace(gateway().look_up(ref=ref), outcome="declined", code="later")
        )
        assert isinstance(take(void_payment), TryAgain)


class TestCapturePayment:
    @pytest.fixture(autouse=True)
    def _held(self, take):
        take(authorise_payment)

    def test_captures_the_payment(self, scenario, order_id, take, at_the_provider):
        take(capture_payment)
        assert at_the_provider() == ("succeeded", 3998, 0)
        assert scenario.payment(order_id).status == "captured"

    def test_twice_captures_it_once(self, take, at_the_provider):
        assert take(capture_payment) == take(capture_payment)
        assert at_the_provider() == ("succeeded", 3998, 0)

    def test_undone_refunds_it(self, scenario, order_id, take, at_the_provider):
        take(capture_payment, refund_payment)
        assert at_the_provider() == ("succeeded", 3998, 3998)
        assert scenario.payment(order_id).status == "refunded"

    def test_undone_twice_refunds_it_once(self, take, at_the_provider):
        take(capture_payment, refund_payment, refund_payment)
        assert at_the_provider() == ("succeeded", 3998, 3998)

    def test_undone_before_it_is_done_does_nothing(self, scenario, order_id, take, at_the_provider):
        take(refund_payment)
        assert at_the_provider() == ("requires_capture", 0, 0)
        assert scenario.payment(order_id).status == "authorised"

    def test_after_the_authorisation_is_voided_is_refused(self, take):
        take(void_payment)
        assert take(capture_payment).code == "authorisation_gone"

    @pytest.mark.parametrize("outcome", ["captured", "declined"])
    def test_is_not_undone_while_the_provider_keeps_the_money(self, take, monkeypatch, outcome):
        take(capture_payment)
        monkeypatch.setattr(gateway(), "refund", lambda ref, key: replace(gateway().look_up(ref=ref), outcome=outcome))
        assert isinstance(take(refund_payment), TryAgain)


class TestSeveralPayments:
    """One order, paid with two cards."""

    @pytest.fixture
    def second(self, scenario, order_id):
        """Add a second payment, with this token, for half of the amount."""

        def second(method):
            order = scenario.order(order_id)
            with db.transaction(Tenant(company_id=order.company_id)):
                db.run("UPDATE payments SET amount = amount / 2", {})
                payments.create(
                    PaymentSource(method), order_id=order_id, company_id=order.company_id, user_id=scenario.buyer.id,
                    amount=order.total // 2, currency=order.currency, is_first=False,
                )  # fmt: skip

        return second

    @pytest.fixture
    def all_at_the_provider(self, sandbox):
        return lambda: [(each["status"], each["amount_captured"], each["amount_refunded"]) for each in sandbox.ledger()]

    @pytest.fixture
    def statuses(self, scenario, order_id):
        def statuses():
            with db.transaction(Tenant(company_id=scenario.shop.company_id)):
                return [payment.status for payment in the_payments(order_ids=[order_id])[order_id]]

        return statuses

    def test_are_authorised_and_captured_together(self, take, second, all_at_the_provider, statuses):
        second("pm_card_mastercard")
        take(authorise_payment, authorise_payment, capture_payment, capture_payment)
        assert all_at_the_provider() == [("succeeded", 1999, 0)] * 2
        assert statuses() == ["captured"] * 2

    def test_are_all_released_when_one_is_declined(self, take, second, all_at_the_provider, statuses):
        second("pm_card_chargeDeclined")
        assert take(authorise_payment) == Refused("generic_decline", "Your card was declined.")
        take(void_payment, void_payment)
        assert all_at_the_provider() == [("canceled", 0, 0), ("requires_payment_method", 0, 0)]
        assert statuses() == ["voided", "failed"]

    def test_are_refunded_together(self, take, second, all_at_the_provider, statuses):
        second("pm_card_mastercard")
        take(authorise_payment, capture_payment, refund_order, refund_order)
        assert all_at_the_provider() == [("succeeded", 1999, 1999)] * 2
        assert statuses() == ["refunded"] * 2


class TestCommitStock:
    def test_commits_the_stock(self, scenario, take):
        take(reserve_stock, commit_stock)
        assert scenario.stock_level() == (3, 0)

    def test_twice_commits_it_once(self, scenario, take):
        take(reserve_stock, commit_stock, commit_stock)
        assert scenario.stock_level() == (3, 0)

    def test_is_not_undone_by_a_late_release(self, scenario, take):
        take(reserve_stock, commit_stock, release_stock)
        assert scenario.stock_level() == (3, 0)


class TestRefundOrder:
    def test_refunds_everything_once(self, scenario, order_id, take, at_the_provider):
        take(authorise_payment, capture_payment, refund_order, refund_order)
        assert at_the_provider() == ("succeeded", 3998, 3998)
        assert scenario.payment(order_id).status == "refunded"

    @pytest.mark.parametrize("outcome", ["captured", "declined"])
    def test_is_not_done_while_the_provider_keeps_the_money(self, take, monkeypatch, outcome):
        take(authorise_payment, capture_payment)
        monkeypatch.setattr(gateway(), "refund", lambda ref, key: replace(gateway().look_up(ref=ref), outcome=outcome))
        assert isinstance(take(refund_order), TryAgain)


class TestTakeBackStock:
    def test_takes_the_stock_back_once(self, scenario, take):
        take(reserve_stock, commit_stock, take_back_stock, take_back_stock)
        assert scenario.stock_level() == (5, 0)

    def test_before_it_is_sold_does_nothing(self, scenario, take):
        take(take_back_stock)
        assert scenario.stock_level() == (5, 0)


class TestEmailCustomer:
    @pytest.fixture
    def inbox(self, tmp_path):
        """An empty mail server: the shared one takes seconds to list the mails of all other tests."""
        with running_inbox(tmp_path / "mails") as running:
            yield running

    def test_twice_sends_one_mail_to_the_buyer_and_one_to_the_company(self, scenario, take, inbox):
        before = {mail["message_id"] for mail in inbox.messages()}
        assert take(email_customer) == {"mail": "sent"}
        assert take(email_customer) == {"mail": "sent"}
        sent = [mail for mail in inbox.messages() if mail["message_id"] not in before]
        assert sorted(mail["to"] for mail in sent) == sorted([scenario.buyer.email, "hello@paper.example"])

"""Refunds through their saga: executed at the provider, one after the other, once, whatever fails."""

import pytest

from domain.payments import refunds
from domain.payments.gateway import ProviderUnavailable
from domain.payments.refund_plan import RefundRequest
from domain.payments.stripe_gateway import gateway
from kit import clock, db
from kit.ids import new_id
from kit.money import Money
from kit.tenancy import Tenant
from saga.engine.targets import TargetBusy
from saga.refund_payment import REFUND_PAYMENT, request_execution
from saga.registry import find
from tests.saga.order_scenario import findings


@pytest.fixture
def paid(scenario):
    """A paid order of 19.99."""
    order_id = scenario.place()
    scenario.run_until_idle()
    return order_id


@pytest.fixture
def grant(scenario, paid):
    def grant(amount):
        with db.transaction(Tenant(company_id=scenario.shop.company_id)):
            request = RefundRequest(Money(amount, "EUR"))
            return refunds.grant(order_id=paid, request=request, reason="goodwill", by=new_id(), now=clock.now())

    return grant


@pytest.fixture
def execute(scenario, paid):
    def execute(refund):
        company_id = scenario.shop.company_id
        request_execution(paid, refund.id, find, company_id=company_id, by=new_id(), now=clock.now())

    return execute


@pytest.fixture
def status(scenario):
    def status(refund):
        with db.transaction(Tenant(company_id=scenario.shop.company_id)):
            return refunds.the_refund(refund_id=refund.id).status

    return status


def refunded_at(sandbox):
    [intent] = sandbox.ledger()
    return intent["amount_refunded"]


def test_reads_as_a_sentence():
    assert str(REFUND_PAYMENT) == "refund_payment: then execute_refund"


class TestRefundPayment:
    def test_pays_parts_back_until_nothing_is_left(self, scenario, paid, grant, execute, status, sandbox):
        first, rest = grant(500), grant(1499)
        for refund in (first, rest):
            execute(refund)
            assert status(refund) == "executing"
            scenario.run_until_idle()
            assert status(refund) == "executed"
        order = scenario.order(paid)
        assert (order.status, order.payment_state, order.refunded) == ("paid", "refunded", 1999)
        assert refunded_at(sandbox) == 1999
        assert scenario.payment(paid).status == "refunded"
        assert findings() == []

    def test_queues_a_second_refund_of_the_order(self, scenario, grant, execute, status, sandbox):
        first, second = grant(500), grant(600)
        execute(first)
        execute(second)
        scenario.run_until_idle()
        assert (status(first), status(second)) == ("executed", "executed")
        assert refunded_at(sandbox) == 1100
        assert findings() == []

    def test_is_refused_while_the_order_is_cancelled(self, scenario, paid, grant, execute, status, sandbox):
        refund = grant(500)
        scenario.cancel(paid)
        with pytest.raises(TargetBusy):
            execute(refund)
        assert status(refund) == "granted"

    def test_refunds_once_though_the_answer_is_lost(self, scenario, grant, execute, status, sandbox, monkeypatch):
        real, lost = gateway().refund, iter([True])

        def lose_the_answer(**request):
            answer = real(**request)
            if next(lost, False):
                raise ProviderUnavailable
            return answer

        monkeypatch.setattr(gateway(), "refund", lose_the_answer)
        refund = grant(500)
        execute(refund)
        scenario.run_until_idle()
        scenario.expire_deadlines()
        scenario.run_until_idle()
        assert status(refund) == "executed"
        assert refunded_at(sandbox) == 500
        assert findings() == []

    def test_finds_its_refund_when_the_provider_has_forgotten_the_key(
        self, scenario, paid, grant, execute, status, sandbox
    ):
        refund = grant(500)
        execute(refund)
        ref = scenario.payment(paid).provider_ref
        gateway().refund(ref=ref, key="an earlier attempt", amount=Money(500, "EUR"), refund_id=refund.id)
        scenario.sql("UPDATE refunds SET executed_at = executed_at - interval '1 day'")
        scenario.run_until_idle()
        assert status(refund) == "executed"
        assert refunded_at(sandbox) == 500
        assert findings() == []

    def test_fails_if_the_provider_refuses(self, scenario, paid, grant, execute, status, sandbox):
        refund = grant(500)
        gateway().refund(ref=scenario.payment(paid).provider_ref, key="elsewhere", amount=Money(1999, "EUR"))
        execute(refund)
        scenario.run_until_idle()
        assert status(refund) == "failed"
        assert scenario.order(paid).refunded == 0

"""Granting refunds: what they pay back, to which payments, and what is refused."""

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Lock, Semaphore

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.companies import company_settings
from domain.payments import payment_records, refund_plan, refunds
from domain.payments.balances import balances
from domain.payments.errors import RefundNotGranted, RefundNotPossible, SecondPersonRequired
from domain.payments.gateway import Answer, ProviderRefund
from domain.payments.refund_plan import PartToRefund, RefundRequest, UnitsToRefund
from domain.sales import queries as sales
from kit import clock, db
from kit.errors import Invalid
from kit.ids import new_id
from kit.money import Money
from kit.tenancy import Tenant
from tests import factories
from tests.factories_of_payments import grant_refund, pay_order


@pytest.fixture
def order(database):
    """A pending order of three units of 3.33 EUR."""
    company = factories.make_company()
    product = factories.make_product(factories.make_shop(company), price=333)
    factories.put_stock(product, factories.make_warehouse(company), 10)
    return factories.make_order(product, 3)


def within(order):
    return db.transaction(Tenant(company_id=order.company_id))


def planned(order, **request):
    with within(order):
        return refund_plan.plan(sales.the_order(order_id=order.id), RefundRequest(**request))


def state(order):
    with within(order):
        found = sales.the_order(order_id=order.id)
        return found.payment_state, found.paid, found.refunded


def execute(refund, *, outcome="refunded"):
    """Execute the refund as its saga does, with a provider that answers this."""
    with within(refund):
        refunds.begin_execution(refund_id=refund.id, by=new_id(), now=clock.now())
        [executing] = refunds.to_execute(refund_ids=[refund.id]).values()
        answers = {
            part.payment_id: Answer(
                outcome, part.provider_ref, part.amount, refunds=(ProviderRefund(f"re_{new_id().hex}", part.amount),)
            )
            for part in executing.parts
        }
        refunds.record_parts(executing.refund, answers=answers, now=clock.now())
        return refunds.end_execution(refund_id=refund.id, now=clock.now())


class TestPlan:
    def test_is_all_that_is_left_without_a_request(self, order):
        pay_order(order)
        assert planned(order).amount == planned(order).refundable == Money(999, "EUR")

    def test_takes_the_last_captured_payment_first(self, order):
        pay_order(order, 400, 599)
        with within(order):
            first, second = (each.id for each in balances(order_ids=[order.id])[order.id])
        assert planned(order, amount=Money(600, "EUR")).parts == [(second, 599), (first, 1)]

    def test_takes_the_payments_that_are_chosen(self, order):
        pay_order(order, 400, 599)
        with within(order):
            first, second = (each.id for each in balances(order_ids=[order.id])[order.id])
        parts = [PartToRefund(first, 400), PartToRefund(second, 1)]
        assert planned(order, amount=Money(401, "EUR"), parts=parts).parts == parts

    @pytest.mark.parametrize("state", ["pending", "failed"])
    def test_refuses_an_order_that_is_not_placed(self, order, state):
        with pytest.raises(RefundNotPossible):
            planned(order)

    @pytest.mark.parametrize(
        ("amount", "field"),
        [((1000, "EUR"), "amount"), ((0, "EUR"), "amount"), ((-1, "EUR"), "amount"), ((1, "USD"), "amount.currency")],
    )
    def test_refuses_an_amount_that_does_not_fit(self, order, amount, field):
        pay_order(order)
        with pytest.raises(Invalid) as refused:
            planned(order, amount=Money(*amount))
        assert list(refused.value.fields) == [field]

    def test_refuses_payments_of_another_order_and_amounts_that_do_not_add_up(self, order):
        pay_order(order)
        with within(order):
            [payment] = balances(order_ids=[order.id])[order.id]
        for parts, field in [
            ([PartToRefund(new_id(), 1)], "payments.0.payment_id"),
            ([PartToRefund(payment.id, 1000)], "payments.0.amount"),
            ([PartToRefund(payment.id, 2)], "payments"),
        ]:
            with pytest.raises(Invalid) as refused:
                planned(order, amount=Money(1, "EUR"), parts=parts)
            assert list(refused.value.fields) == [field]


class TestLines:
    @given(st.permutations([1, 1, 1]) | st.sampled_from([(1, 2), (2, 1), (3,)]))
    def test_add_up_to_the_line_however_they_are_refunded(self, quantities):
        total = Money(1000, "EUR")
        done, sums = 0, []
        for quantity in quantities:
            sums.append(total.share_of_units(range(done, done + quantity), 3).amount)
            done += quantity
        assert sum(sums) == 1000

    def test_are_refunded_unit_by_unit_and_no_more_than_were_bought(self, order):
        pay_order(order)
        with within(order):
            [line] = sales.lines_of(order_ids=[order.id])[order.id]
        for _ in range(3):
            with within(order):
                request = RefundRequest(lines=[UnitsToRefund(line.id, 1)])
                granted = refunds.grant(
                    order_id=order.id, request=request, reason="damaged", by=new_id(), now=clock.now()
                )
            assert granted.amount == 333
        with pytest.raises(RefundNotPossible):
            planned(order, lines=[UnitsToRefund(line.id, 1)])

    def test_refuse_more_units_than_are_left_and_lines_of_another_order(self, order):
        pay_order(order)
        with within(order):
            [line] = sales.lines_of(order_ids=[order.id])[order.id]
        for line_id, quantity, field in [(line.id, 4, "lines.0.quantity"), (new_id(), 1, "lines.0.line_id")]:
            with pytest.raises(Invalid) as refused:
                planned(order, lines=[UnitsToRefund(line_id, quantity)])
            assert list(refused.value.fields) == [field]


class TestGrant:
    def test_holds_the_amount_back_and_moves_no_money(self, order, published):
        pay_order(order)
        grant_refund(order, 900)
        assert planned(order).refundable == Money(99, "EUR")
        assert state(order) == ("paid", 999, 0)
        [announced] = published("refund.granted")
        assert announced["amount"] == {"amount": 900, "currency": "EUR"}

    def test_is_free_again_when_it_is_withdrawn(self, order, published):
        pay_order(order)
        refund = grant_refund(order, 900)
        with within(order):
            refunds.withdraw(refund_id=refund.id, now=clock.now())
        assert planned(order).refundable == Money(999, "EUR")
        assert len(published("refund.withdrawn")) == 1
        with within(order), pytest.raises(RefundNotGranted):
            refunds.withdraw(refund_id=refund.id, now=clock.now())


class TestExecution:
    def test_pays_back_and_is_recorded_at_the_order(self, order, published):
        pay_order(order, 400, 599)
        assert execute(grant_refund(order, 600)).status == "executed"
        assert state(order) == ("partly_refunded", 999, 600)
        assert execute(grant_refund(order, 399)).status == "executed"
        assert state(order) == ("refunded", 999, 999)
        assert len(published("refund.executed")) == 2

    def test_fails_if_the_provider_refuses_it(self, order, published):
        pay_order(order)
        assert execute(grant_refund(order, 600), outcome="declined").status == "failed"
        assert state(order) == ("paid", 999, 0)
        assert planned(order).refundable == Money(999, "EUR")
        assert len(published("refund.failed")) == 1

    def test_takes_two_people_above_the_limit(self, order):
        pay_order(order)
        with within(order):
            company_settings.change(company_id=order.company_id, refund_limit=500)
        small, large = grant_refund(order, 400), grant_refund(order, 501)
        for refund in (small, large):
            with within(order):
                if refund is large:
                    with pytest.raises(SecondPersonRequired):
                        refunds.begin_execution(refund_id=refund.id, by=refund.granted_by, now=clock.now())
                else:
                    refunds.begin_execution(refund_id=refund.id, by=refund.granted_by, now=clock.now())
        with within(order):
            assert refunds.begin_execution(refund_id=large.id, by=new_id(), now=clock.now()).status == "executing"


WRITERS, ROUNDS = 16, 6


class Killed(Exception):
    """The process died here."""


def die_sometimes(dice):
    if dice.random() < 0.3:
        raise Killed


class TestSixteenWriters:
    def test_never_refund_more_than_was_captured(self, order):
        """Each grants and executes random amounts of one capture, and is killed now and then before it records."""
        pay_order(order)
        provider, lock, most, connections = {}, Lock(), [], Semaphore(8)  # this process has ten

        def refund_at_provider(executing):
            with lock:
                for part in executing.parts:
                    provider.setdefault((executing.refund.id, part.payment_id), part.amount)
                most.append(sum(provider.values()))

        def write(seed):
            dice = random.Random(seed)
            for _ in range(ROUNDS):
                try:
                    with connections:
                        refund = grant_refund(order, dice.randint(1, 200))
                except (Invalid, RefundNotPossible):
                    continue
                with connections, within(order):
                    refunds.begin_execution(refund_id=refund.id, by=new_id(), now=clock.now())
                while not _execute_or_die(refund, dice):
                    pass

        def _execute_or_die(refund, dice):
            try:
                with connections, within(order):
                    [executing] = refunds.to_execute(refund_ids=[refund.id]).values()
                refund_at_provider(executing)  # the same amount again, if it was made before
                with connections, within(order):
                    answers = {
                        part.payment_id: Answer(
                            "refunded", part.provider_ref, part.amount,
                            refunds=(ProviderRefund(f"re_{refund.id.hex}", part.amount),),
                        )
                        for part in executing.parts
                    }  # fmt: skip
                    refunds.record_parts(executing.refund, answers=answers, now=clock.now())
                    refunds.end_execution(refund_id=refund.id, now=clock.now())
                    die_sometimes(dice)
            except Killed:
                return False
            return True

        with ThreadPoolExecutor(WRITERS) as writers:
            list(writers.map(write, range(WRITERS)))
        with within(order):
            [balance] = balances(order_ids=[order.id])[order.id]
        assert max(most) <= 999
        assert (balance.refunded, balance.pending) == (sum(provider.values()), 0)
        assert state(order)[2] == balance.refunded
        assert balance.refundable == 999 - balance.refunded


def test_events_of_a_duplicate_change_no_balance(order):
    pay_order(order)
    with within(order):
        [payment] = balances(order_ids=[order.id])[order.id]
        answer = Answer("refunded", "pi_duplicate", 999)
        payment_records.record_duplicate_payment(payment_id=payment.id, answer=answer, now=clock.now())
        assert balances(order_ids=[order.id])[order.id] == [payment]

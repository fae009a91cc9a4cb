"""Limits on concurrent payments that may still be declined; the provider is a function."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.payments.decline_limiter import DeclineLimiter, LimitedPayment
from domain.payments.declines import BLOCKED
from domain.payments.gateway import Answer, ProviderUnavailable
from domain.payments.queries import PaymentSummary
from kit import clock
from kit.ids import new_id

DECLINED = Answer("declined", "pi_1", 0, "generic_decline")
GOOD = Answer("authorised", "pi_1", 1999)


def payment(method="pm_1", *, declines=0, customer="ada"):
    standing = PaymentSummary(new_id(), new_id(), 1999, "EUR", method, "pending", None, clock.now())
    return LimitedPayment(standing, {("customer", customer): declines})


def asked_by_threads(payments, answer):
    """The answers to payments that 16 threads ask for, and the most that were under way at once."""
    allowance, now, most, lock = DeclineLimiter(payments, company_id=new_id()), 0, 0, threading.Lock()

    def call():
        nonlocal now, most
        with lock:
            now += 1
            most = max(now, most)
        try:
            return answer()
        finally:
            with lock:
                now -= 1

    with ThreadPoolExecutor(16) as threads:
        return list(threads.map(lambda each: allowance.call(each, call), payments)), most


class TestDeclineLimiter:
    @pytest.mark.parametrize("already", [0, 3, 5, 8])
    def test_allows_no_more_declines_than_the_limit(self, already):
        payments = [payment(f"pm_{number}", declines=already) for number in range(60)]
        answers, _ = asked_by_threads(payments, lambda: DECLINED)
        assert answers.count(DECLINED) == max(0, 5 - already)
        assert {answer.code for answer in answers if answer != DECLINED} == {BLOCKED}

    def test_counts_every_decline_of_a_token(self):
        answers, _ = asked_by_threads([payment() for _ in range(60)], lambda: DECLINED)
        assert answers.count(DECLINED) == 5

    def test_calls_the_provider_for_all_good_payments(self):
        payments = [payment(f"pm_{number}") for number in range(60)]
        answers, most = asked_by_threads(payments, lambda: GOOD)
        assert answers == [GOOD] * 60
        assert most <= 5

    def test_does_not_wait_with_an_approved_token(self):
        allowance, payments = (
            DeclineLimiter([payment() for _ in range(8)], company_id=new_id()),
            [payment() for _ in range(8)],
        )
        assert allowance.call(payments[0], lambda: GOOD) == GOOD
        together = threading.Barrier(8)

        def call():
            together.wait(timeout=20)
            return GOOD

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(lambda each: allowance.call(each, call), payments)) == [GOOD] * 8

    def test_releases_its_slot_when_there_is_no_answer(self):
        def silent():
            raise ProviderUnavailable

        allowance = DeclineLimiter([payment()], company_id=new_id())
        for _ in range(9):
            with pytest.raises(ProviderUnavailable):
                allowance.call(payment(), silent)
        assert allowance.call(payment(), lambda: GOOD) == GOOD

    def test_does_not_count_declines_without_an_issuer(self):
        unknown = Answer("declined", "", 0, "invalid_payment_method")
        answers, _ = asked_by_threads([payment() for _ in range(9)], lambda: unknown)
        assert answers == [unknown] * 9

    def test_counts_customers_separately(self):
        payments = [payment(customer="ada", declines=5), payment(customer="bob")]
        answers, _ = asked_by_threads(payments, lambda: GOOD)
        assert [answer.code for answer in answers] == [BLOCKED, None]

    def test_counts_what_runs_for_other_batches(self):
        company_id, batches = new_id(), [[payment(declines=3)] * 8 for _ in range(3)]
        limiters = [DeclineLimiter(batch, company_id=company_id) for batch in batches]
        calls = [(limiter, each) for limiter, batch in zip(limiters, batches, strict=True) for each in batch]
        with ThreadPoolExecutor(len(calls)) as threads:
            answers = list(threads.map(lambda call: call[0].call(call[1], lambda: DECLINED), calls))
        assert answers.count(DECLINED) == 2

    def test_counts_companies_separately(self):
        payments = [payment(declines=4)]
        limiters = [DeclineLimiter(payments, company_id=new_id()) for _ in range(2)]
        assert [limiter.call(payments[0], lambda: DECLINED) for limiter in limiters] == [DECLINED] * 2

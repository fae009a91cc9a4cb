"""The provider's payments and ours, which differ after a restore, are reconciled."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from domain.payments import payment_records as payments
from domain.payments.declines import PaymentSource
from domain.payments.gateway import ProviderUnavailable
from domain.payments.queries import events_of
from domain.payments.stripe_gateway import gateway
from kit import clock, db
from kit.ids import new_id
from kit.money import Money
from kit.tenancy import Tenant
from saga.reconciliation import payments as reconciliation
from tests.saga.order_scenario import findings

DECLINED = "pm_card_chargeDeclined"
FORGET_THE_PAYMENT = "DELETE FROM payment_events; UPDATE payments SET status = 'pending', provider_ref = NULL"
HELD, TAKEN = ("canceled", 0, 0), ("succeeded", 1999, 1999)
"""An authorisation that is voided, and a capture that is refunded."""


@pytest.fixture
def compare(scenario):
    """Reconcile the last day: (verdict, what the payment is afterwards), the newest first."""

    def comparing(**options):
        compared = reconciliation.reconcile(since=clock.now() - timedelta(days=1), **options)
        return [(each.verdict, each.corrected.outcome) for each in compared]

    return comparing


@pytest.fixture
def at_the_provider(sandbox):
    """(status, captured, refunded) of each payment, the oldest first."""

    def report():
        return [(row["status"], row["amount_captured"], row["amount_refunded"]) for row in sandbox.ledger()]

    return report


def pay(order_id, *, capture=True, key=None):
    """Pay as a saga did that the restored database does not know."""
    hold = {"amount": 1999, "currency": "EUR", "method": "pm_card_visa", "order_id": order_id}
    answer = gateway().authorise(**hold, key=key or str(new_id()))
    return gateway().capture(ref=answer.ref, key=str(new_id())) if capture else answer


def forget_keys(sandbox):
    """A day has passed at the provider."""
    with closing(sqlite3.connect(sandbox.ledger_path)) as books, books:
        books.execute("DELETE FROM idempotency_keys")


def events(scenario, order_id):
    payment = scenario.payment(order_id)
    with db.transaction(Tenant(company_id=payment.company_id)):
        return [event.type for event in events_of(payment_id=payment.id)]


class TestReconcile:
    def test_changes_nothing_where_nothing_was_lost(self, scenario, compare):
        paid, _, cancelled = scenario.place(), scenario.place(method=DECLINED), scenario.place()
        scenario.run_until_idle()
        scenario.cancel(cancelled)
        scenario.run_until_idle()
        assert compare() == [("matches", "refunded"), ("matches", "declined"), ("matches", "captured")]
        assert scenario.payment(paid).status == "captured"

    @pytest.mark.parametrize(("capture", "after"), [(False, HELD), (True, TAKEN)])
    def test_refunds_payments_of_unknown_orders(self, compare, at_the_provider, capture, after):
        pay(new_id(), capture=capture)
        [(verdict, _)] = compare()
        assert verdict == "refund"
        assert at_the_provider() == [after]
        assert [verdict for verdict, _ in compare()] == ["matches"]
        assert findings() == []

    @pytest.mark.parametrize(("capture", "after"), [(False, HELD), (True, TAKEN)])
    def test_refunds_payments_of_failed_orders(self, scenario, compare, at_the_provider, capture, after):
        order_id = scenario.place(method=DECLINED)
        scenario.run_until_idle()
        pay(order_id, capture=capture)
        assert [verdict for verdict, _ in compare()] == ["refund", "matches"]
        assert at_the_provider()[1] == after
        assert [verdict for verdict, _ in compare()] == ["matches", "matches"]
        scenario.run_until_idle()
        assert findings() == []

    @pytest.mark.parametrize(("capture", "status"), [(False, "voided"), (True, "refunded")])
    def test_records_the_refund_as_the_payment_of_a_failed_order_without_one(
        self, scenario, sandbox, compare, capture, status
    ):
        order_id = scenario.place(6)  # more than there are
        scenario.run_until_idle()
        scenario.sql("SET session_replication_role = replica;" + FORGET_THE_PAYMENT)
        sandbox_books_forget(sandbox)
        pay(order_id, capture=capture)
        assert [verdict for verdict, _ in compare()] == ["refund"]
        assert scenario.payment(order_id).status == status
        assert compare() == [("matches", status)]

    def test_records_a_refund_that_was_made_before_a_crash(self, scenario, compare):
        order_id = scenario.place(method=DECLINED)
        scenario.run_until_idle()
        gateway().refund(ref=pay(order_id).ref, key=str(new_id()))
        assert compare()[0] == ("record", "refunded")
        assert compare()[0] == ("matches", "refunded")
        assert events(scenario, order_id) == ["failed", "refunded"]

    def test_refunds_a_second_payment_and_leaves_the_order_paid(self, scenario, compare, at_the_provider):
        order_id = scenario.place()
        scenario.run_until_idle()
        pay(order_id)
        assert [verdict for verdict, _ in compare()] == ["refund", "matches"]
        assert at_the_provider() == [("succeeded", 1999, 0), TAKEN]
        assert scenario.payment(order_id).status == "captured"
        assert events(scenario, order_id) == ["authorised", "captured", "refunded"]
        scenario.run_until_idle()
        assert findings() == []

    def test_leaves_each_of_the_payments_that_an_order_is_paid_with(self, scenario, compare, at_the_provider):
        order_id = scenario.place()
        scenario.run_until_idle()
        order = scenario.order(order_id)
        with db.transaction(Tenant(company_id=order.company_id)):
            second = payments.create(
                PaymentSource("pm_card_visa"), order_id=order_id, company_id=order.company_id,
                user_id=scenario.buyer.id, amount=1999, currency="EUR", is_first=False,
            )  # fmt: skip
        with db.transaction(Tenant(company_id=order.company_id)):
            payments.record(answers={second: pay(order_id)}, now=clock.now())
        assert compare() == [("matches", "captured"), ("matches", "captured")]
        assert at_the_provider() == [("succeeded", 1999, 0)] * 2

    def test_records_refunds_that_were_made_before_a_crash_once_each(self, scenario, compare):
        order_id = scenario.place(method=DECLINED)
        scenario.run_until_idle()
        ref = pay(order_id).ref
        for amount in (500, 1499):
            gateway().refund(ref=ref, key=str(new_id()), amount=Money(amount, "EUR"))
        assert compare()[0] == ("record", "refunded")
        assert compare()[0] == ("matches", "refunded")

    def test_only_reports_a_paid_order_whose_payment_is_refunded(self, scenario, compare):
        order_id = scenario.place()
        scenario.run_until_idle()
        gateway().refund(ref=scenario.payment(order_id).provider_ref, key=str(new_id()))
        assert compare() == [("review", "refunded")]
        assert scenario.payment(order_id).status == "captured"

    def test_leaves_an_order_to_its_saga(self, scenario, compare, at_the_provider):
        order_id = scenario.place()
        pay(order_id)
        assert compare() == [("in progress", "captured")]
        assert at_the_provider() == [("succeeded", 1999, 0)]
        assert scenario.payment(order_id).status == "pending"

    def test_leaves_an_order_to_the_saga_that_cancels_it(self, scenario, compare):
        order_id = scenario.place()
        scenario.run_until_idle()
        scenario.cancel(order_id)
        pay(order_id)
        assert [verdict for verdict, _ in compare()] == ["in progress", "in progress"]

    def test_leaves_an_order_to_any_saga_that_changes_it(self, scenario, compare):
        order_id = scenario.place()
        scenario.run_until_idle()
        scenario.cancel(order_id)
        scenario.sql(
            "UPDATE sagas SET name = 'return_order', target_id = subject_id, subject_id = gen_random_uuid()"
            " WHERE name = 'cancel_order'"
        )
        pay(order_id)
        assert [verdict for verdict, _ in compare()] == ["in progress", "in progress"]

    def test_does_not_wait_for_the_mail_of_an_order(self, scenario, compare):
        scenario.place()
        scenario.deliveries.deliver_next("inventory.reserve_stock")
        scenario.deliveries.deliver_next("payments.authorise_payment")
        scenario.deliveries.deliver_next("saga.advance")
        assert compare() == [("matches", "captured")]

    def test_changes_nothing_in_a_dry_run(self, scenario, compare, at_the_provider):
        pay(new_id())
        assert compare(dry_run=True) == [("refund", "captured")]
        assert at_the_provider() == [("succeeded", 1999, 0)]

    def test_compares_no_payment_made_before_since(self, sandbox, compare):
        pay(new_id())
        with closing(sqlite3.connect(sandbox.ledger_path)) as books, books:
            books.execute("UPDATE payment_intents SET created = created - 86401")
        assert compare() == []

    def test_compares_any_number(self, compare, monkeypatch):
        monkeypatch.setattr(reconciliation, "BATCH", 2)
        for _ in range(5):
            pay(new_id(), capture=False)
        assert compare() == [("refund", "voided")] * 5

    def test_raises_when_the_provider_is_unavailable(self, scenario, compare, sandbox):
        sandbox.kill()
        try:
            with pytest.raises(ProviderUnavailable):
                compare()
        finally:
            sandbox.restart()


class TestSagaThatWasRestored:
    """Its payment was made after the backup, and longer ago than the provider keeps keys."""

    @pytest.fixture
    def forgotten(self, scenario, sandbox):
        def forgotten(order_id, **how):
            made = pay(order_id, **how)
            forget_keys(sandbox)
            scenario.sql("UPDATE payments SET created_at = created_at - interval '1 day'")
            return made

        return forgotten

    @pytest.mark.parametrize("capture", [False, True])
    def test_uses_its_earlier_payment(self, scenario, forgotten, at_the_provider, compare, capture):
        order_id = scenario.place()
        made = forgotten(order_id, capture=capture)
        scenario.run_until_idle()
        assert scenario.order(order_id).status == "paid"
        assert scenario.payment(order_id).provider_ref == made.ref
        assert at_the_provider() == [("succeeded", 1999, 0)]
        assert compare() == [("matches", "captured")]
        assert findings() == []

    def test_uses_the_earlier_payment_that_is_authorised(self, scenario, forgotten):
        order_id = scenario.place()
        made = pay(order_id)
        gateway().void(ref=forgotten(order_id, capture=False).ref, key=str(new_id()))
        scenario.run_until_idle()
        assert scenario.payment(order_id).provider_ref == made.ref
        assert findings() == []

    @pytest.mark.parametrize(("capture", "after"), [(False, HELD), (True, TAKEN)])
    def test_refunds_its_earlier_payment_when_it_fails(self, scenario, forgotten, at_the_provider, capture, after):
        order_id = scenario.place(6)  # more than there are
        scenario.deliveries.deliver_next("inventory.reserve_stock")
        forgotten(order_id, capture=capture)
        scenario.run_until_idle()
        assert scenario.order(order_id).status == "failed"
        assert at_the_provider() == [after]
        assert findings() == []

    def test_makes_a_payment_if_there_is_no_earlier_one(self, scenario, at_the_provider):
        order_id = scenario.place()
        scenario.sql("UPDATE payments SET created_at = created_at - interval '1 day'")
        scenario.run_until_idle()
        assert scenario.order(order_id).status == "paid"
        assert at_the_provider() == [("succeeded", 1999, 0)]


def sandbox_books_forget(sandbox):
    with closing(sqlite3.connect(sandbox.ledger_path)) as books, books:
        books.execute("DELETE FROM payment_intents")
        books.execute("DELETE FROM idempotency_keys")

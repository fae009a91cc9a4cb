from datetime import UTC, datetime
from itertools import permutations
from types import SimpleNamespace

import pytest

from domain.payments import payment_records as payments
from domain.payments.declines import PaymentSource
from domain.payments.errors import PaymentNotFound
from domain.payments.gateway import Answer, ProviderRefund
from domain.payments.queries import events_of, the_payment
from kit import db
from kit.ids import new_id
from kit.tenancy import Tenant
from tests import factories

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
REF = "pi_1"
DECLINED = Answer("declined", REF, 0, "expired_card", "Your card has expired.")


def answer(outcome):
    return Answer(outcome, REF, 1999)


def payload_of(payment):
    ids = {"order_id": str(payment.order_id), "payment_id": str(payment.id)}
    return {**ids, "amount": {"amount": 1999, "currency": "EUR"}}


@pytest.fixture
def payments_of_a_company(database):
    """Two payments of one company."""
    company = factories.make_company()
    product = factories.make_product(factories.make_shop(company))
    factories.put_stock(product, factories.make_warehouse(company))
    return [make_payment(company, factories.make_order(product)) for _ in range(2)]


@pytest.fixture
def payment(payments_of_a_company):
    return payments_of_a_company[0]


def make_payment(company, order):
    with db.transaction(factories.acting_for(company)):
        payment_id = payments.create(
            PaymentSource("pm_card_visa"),
            order_id=order.id,
            company_id=company.id,
            user_id=new_id(),
            amount=1999,
            currency="EUR",
        )
    return SimpleNamespace(id=payment_id, company_id=company.id, order_id=order.id)


@pytest.fixture
def record(payment):
    """Record these answers, each in a separate transaction: (status, the types of its events)."""

    def recording(*answers):
        for each in answers:
            with db.transaction(Tenant(company_id=payment.company_id)):
                payments.record(answers={payment.id: each}, now=NOW)
        with db.transaction(Tenant(company_id=payment.company_id)):
            status = the_payment(order_id=payment.order_id).status
            return status, [event.type for event in events_of(payment_id=payment.id)]

    return recording


class TestRecord:
    def test_starts_without_events(self, record):
        assert record() == ("pending", [])

    def test_follows_the_providers_answers(self, record):
        assert record(answer("authorised"), answer("captured")) == ("captured", ["authorised", "captured"])

    def test_records_and_publishes_a_repeated_answer_once(self, record, payment, published):
        assert record(answer("captured"), answer("captured")) == ("captured", ["captured"])
        assert published("payment.success") == [payload_of(payment)]

    @pytest.mark.parametrize(
        ("outcome", "event"),
        [("authorised", "payment.authorised"), ("voided", "payment.voided"), ("refunded", "payment.refunded")],
    )
    def test_publishes_what_the_provider_did(self, record, payment, published, outcome, event):
        record(answer(outcome))
        of_refund = {"refunded": {"amount": 1999, "currency": "EUR"}} if outcome == "refunded" else {}
        assert published(event) == [{**payload_of(payment), **of_refund}]

    def test_publishes_the_code_of_a_decline_and_not_its_text(self, record, payment, published):
        record(DECLINED)
        assert published("payment.failed") == [{**payload_of(payment), "reason": "expired_card"}]

    @pytest.mark.parametrize("outcomes", list(permutations(["authorised", "captured", "refunded"])), ids=" ".join)
    def test_has_the_same_result_in_any_order(self, record, outcomes):
        status, events = record(*map(answer, outcomes))
        assert (status, sorted(events)) == ("refunded", ["authorised", "captured", "refunded"])

    def test_numbers_the_events_of_the_payment(self, record, payment, published):
        record(answer("authorised"), answer("authorised"), answer("captured"), answer("refunded"))
        assert published.sequence(payment.id) == [1, 2, 3]

    def test_records_each_refund_by_its_own_reference(self, record, payment, published):
        refunds = [Answer("refunded", REF, 10, refunds=(ProviderRefund(ref, 10),)) for ref in ("re_1", "re_2", "re_1")]
        status, events = record(answer("captured"), *refunds)
        assert (status, events) == ("captured", ["captured", "refunded", "refunded"])
        assert [each["refunded"]["amount"] for each in published("payment.refunded")] == [10, 10]
        assert published.sequence(payment.id) == [1, 2, 3]

    def test_records_all_refunds_and_the_capture_that_an_answer_tells(self, record):
        refunds = (ProviderRefund("re_1", 1500), ProviderRefund("re_2", 499))
        status, events = record(Answer("refunded", REF, 1999, captured=1999, refunds=refunds))
        assert (status, events) == ("refunded", ["captured", "refunded", "refunded"])

    def test_records_no_refund_again_that_the_release_before_has_recorded_whole(self, record):
        whole = Answer("refunded", REF, 1999)
        again = Answer("refunded", REF, 1999, refunds=(ProviderRefund("re_1", 1999),))
        assert record(answer("captured"), whole, again) == ("refunded", ["captured", "refunded"])

    def test_does_not_reauthorise_a_voided_payment(self, record):
        assert record(answer("voided"), answer("authorised"))[0] == "voided"

    @pytest.mark.parametrize("outcome", ["authorised", "captured"])
    def test_changes_no_payment_by_the_reference_of_another_one(self, record, payments_of_a_company, outcome):
        record(answer("authorised"))
        _, other = payments_of_a_company
        with db.transaction(Tenant(company_id=other.company_id)):
            payments.record(answers={other.id: answer(outcome)}, now=NOW)
            unchanged = the_payment(order_id=other.order_id)
            assert (unchanged.status, unchanged.provider_ref) == ("pending", None)
            assert events_of(payment_id=other.id) == []

    def test_keeps_the_decline_code(self, record, payment):
        assert record(DECLINED) == ("failed", ["failed"])
        with db.transaction(Tenant(company_id=payment.company_id)):
            [event] = events_of(payment_id=payment.id)
        assert event.detail == {"code": "expired_card", "detail": "Your card has expired."}

    def test_accepts_a_decline_without_a_reference(self, record, payment):
        record(Answer("declined", "", 0, "invalid_payment_method"))
        with db.transaction(Tenant(company_id=payment.company_id)):
            [event] = events_of(payment_id=payment.id)
        assert event.provider_ref == str(payment.id)

    def test_keeps_the_providers_reference(self, record, payment):
        record(answer("authorised"))
        with db.transaction(Tenant(company_id=payment.company_id)):
            assert the_payment(order_id=payment.order_id).provider_ref == REF

    def test_refuses_an_unknown_payment(self, payment):
        with pytest.raises(PaymentNotFound), db.transaction(Tenant(company_id=payment.company_id)):
            payments.record(answers={new_id(): DECLINED}, now=NOW)


class TestRecordDuplicatePayment:
    def test_is_recorded_once_and_does_not_change_the_orders_payment(self, record, payment, published):
        record(answer("authorised"), answer("captured"))
        for _ in range(2):
            with db.transaction(Tenant(company_id=payment.company_id)):
                payments.record_duplicate_payment(
                    payment_id=payment.id, answer=Answer("refunded", "pi_2", 1999), now=NOW
                )
        assert record() == ("captured", ["authorised", "captured", "refunded"])
        with db.transaction(Tenant(company_id=payment.company_id)):
            assert the_payment(order_id=payment.order_id).provider_ref == REF
        ids = {"order_id": str(payment.order_id), "payment_id": str(payment.id)}
        returned = {**ids, "outcome": "refunded", "amount": {"amount": 1999, "currency": "EUR"}}
        assert published("payment.duplicate_returned") == [returned]
        assert published("payment.refunded") == []

"""Every kind of violation is counted."""

from dataclasses import replace

import pytest

from ops.chaos import violations
from ops.chaos.final_state import FinalState, Order, ProductStock, ReceivedMail
from ops.chaos.run import Outcome
from ops.chaos.violations import MUST_BE_ZERO, missing_mails

MAIL = ReceivedMail("<1@orderx>", "order.completed:1", "ada@example.com")


def intent(order, *, status="succeeded", captured=0, refunded=0):
    return {"order_id": order, "status": status, "amount_captured": captured, "amount_refunded": refunded}


CLEAN = FinalState(
    orders={"paid": Order("paid", 100, True), "failed": Order("failed", 100, True)},
    stock={"book": ProductStock(on_hand=8, reserved=0, reserved_by_pending_orders=0, sold=2)},
    unfinished_sagas=0,
    intents=[
        intent("paid", captured=100),
        intent("failed", status="canceled"),
        intent("failed", captured=100, refunded=100),
    ],
    mails_received=[MAIL],
    mails_sent={MAIL[1:]},
)


def counted(state, *, accepted=("paid", "failed"), initial=10):
    counts = violations.count(state, accepted=accepted, on_hand={"book": initial})
    return {name: count for name, count in counts.items() if count}


class TestCount:
    def test_is_empty_without_violations(self):
        assert counted(CLEAN) == {}

    def test_counts_everything_that_must_be_zero(self):
        assert set(MUST_BE_ZERO) < violations.count(CLEAN, accepted=[], on_hand={}).keys()

    def test_counts_a_missing_accepted_order(self):
        assert counted(CLEAN, accepted=["paid", "gone"]) == {"lost": 1}

    def test_counts_an_order_without_its_saga(self):
        assert counted(replace(CLEAN, orders=CLEAN.orders | {"paid": Order("paid", 100, False)})) == {"lost": 1}

    @pytest.mark.parametrize(
        "second", [intent("paid", captured=100), intent("paid", captured=1), intent("paid", status="requires_capture")]
    )
    def test_counts_an_order_with_two_payments(self, second):
        assert counted(replace(CLEAN, intents=[*CLEAN.intents, second])) == {"double_charged": 1}

    def test_counts_an_order_that_cost_more_than_its_total(self):
        assert counted(replace(CLEAN, intents=[intent("paid", captured=101)])) == {"double_charged": 1}

    @pytest.mark.parametrize("order", ["failed", "gone"])
    @pytest.mark.parametrize("charge", [{"captured": 100}, {"captured": 100, "refunded": 99}])
    def test_counts_a_charge_for_no_order_or_a_failed_one(self, order, charge):
        assert counted(replace(CLEAN, intents=[intent(order, **charge)])) == {"charged_without_order": 1}

    def test_counts_an_authorisation_of_a_failed_order(self):
        authorised = intent("failed", status="requires_capture")
        assert counted(replace(CLEAN, intents=[authorised])) == {"charged_without_order": 1}

    @pytest.mark.parametrize(
        "stock",
        [
            ProductStock(on_hand=8, reserved=3, reserved_by_pending_orders=0, sold=2),
            ProductStock(on_hand=5, reserved=0, reserved_by_pending_orders=0, sold=2),
            ProductStock(on_hand=11, reserved=0, reserved_by_pending_orders=0, sold=2),
        ],
    )
    def test_counts_missing_and_surplus_units(self, stock):
        assert counted(replace(CLEAN, stock={"book": stock})) == {"leaked_units": 3}

    def test_accepts_reservations_of_pending_orders(self):
        assert (
            counted(
                replace(
                    CLEAN, stock={"book": ProductStock(on_hand=8, reserved=3, reserved_by_pending_orders=3, sold=2)}
                )
            )
            == {}
        )

    def test_counts_units_sold_beyond_the_stock(self):
        sold = ProductStock(on_hand=0, reserved=0, reserved_by_pending_orders=0, sold=12)
        assert counted(replace(CLEAN, stock={"book": sold})) == {"oversold_units": 2, "leaked_units": 2}

    def test_counts_sagas_without_an_end(self):
        assert counted(replace(CLEAN, unfinished_sagas=2)) == {"unfinished": 2}

    def test_counts_each_repetition_of_a_mail(self):
        assert counted(replace(CLEAN, mails_received=[MAIL, MAIL, MAIL])) == {"duplicate_mails": 2}


class TestOutcome:
    def outcome(self, broken=(), **counts):
        none = violations.count(CLEAN, accepted=[], on_hand={})
        return Outcome({**none, **counts}, {rule: ["a row"] for rule in broken}, [])

    def test_is_clean_without_violations(self):
        assert self.outcome().is_clean

    @pytest.mark.parametrize("name", MUST_BE_ZERO)
    def test_is_not_clean_with_any_violation(self, name):
        assert not self.outcome(**{name: 1}).is_clean

    def test_is_not_clean_with_a_broken_rule(self):
        assert not self.outcome(broken=["every saga has ended"]).is_clean

    def test_is_clean_with_a_duplicate_mail(self):
        assert self.outcome(duplicate_mails=1).is_clean


class TestMissingMails:
    def test_are_sent_mails_that_did_not_arrive(self):
        assert missing_mails(CLEAN) == []
        assert missing_mails(replace(CLEAN, mails_received=[])) == ["order.completed:1 to ada@example.com"]

"""Log lines and metrics of orders, after the commit."""

from contextlib import contextmanager

import pytest
import structlog
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from domain.payments.declines import PaymentSource
from domain.sales.new_order import LineRequest
from kit import clock, db
from kit.tenancy import Tenant
from saga.place_order import place_order
from tests.fixtures.providers import SLOW_SECONDS

DECLINED = "pm_card_chargeDeclinedExpiredCard"
PERSONAL = ("@", "James", "changed my mind", "the buyer")


@pytest.fixture(autouse=True)
def _of_no_request():
    """Earlier tests may have made requests in this thread."""
    structlog.contextvars.clear_contextvars()


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.fixture
def counted():
    """How much the counts of orders and amounts have grown in a block."""

    @contextmanager
    def growth(outcome: str, reason: str = ""):
        grown, before = [], []
        wanted = [
            ("orderx_orders_total", {"outcome": outcome, "reason": reason}),
            ("orderx_orders_amount_minor_units_total", {"outcome": outcome, "currency": "EUR"}),
        ]
        before = [sample(name, **labels) for name, labels in wanted]
        yield grown
        grown += [sample(name, **labels) - was for (name, labels), was in zip(wanted, before, strict=True)]

    return growth


@pytest.fixture
def lines():
    with capture_logs() as said:
        yield lambda: [line for line in said if line["event"].startswith("order_")]


class TestPlaced:
    def test_is_logged_with_its_ids(self, scenario, counted, lines):
        with counted("placed") as grown:
            order_id = scenario.place(2)
        assert grown == [1, 3998]
        (line,) = lines()
        assert line == {
            "event": "order_placed", "log_level": "info", "order_id": str(order_id), "amount": 3998, "currency": "EUR",
            "company_id": str(scenario.shop.company_id), "shop_id": str(scenario.shop.id),
            "customer_id": str(scenario.customer_id), "saga_id": str(scenario.ref(order_id).saga_id),
        }  # fmt: skip

    def test_is_not_logged_when_rolled_back(self, scenario, counted, lines):
        whose = {"company_id": scenario.shop.company_id, "user_id": scenario.buyer.id}
        with (
            counted("placed") as grown,
            pytest.raises(ZeroDivisionError),
            db.transaction(Tenant(whose["company_id"], scenario.buyer.id)),
        ):
            place_order(
                **whose, shop_id=scenario.shop.id, lines=[LineRequest(scenario.product.id, 1)], discount_percent=0,
                shipping_address={}, payment_source=PaymentSource("pm_card_visa"), now=clock.now(),
            )  # fmt: skip
            1 / 0  # noqa: B018 - it raises
        assert (grown, lines()) == ([0, 0], [])


class TestOutcomes:
    def test_paid(self, scenario, counted, lines):
        with counted("paid") as grown:
            paid_before = sample("orderx_order_payment_duration_seconds_count")
            order_id = scenario.place()
            scenario.deliveries.deliver_all()
        assert grown == [1, 1999]
        assert sample("orderx_order_payment_duration_seconds_count") - paid_before == 1
        _, line = lines()
        assert (line["event"], line["order_id"], "reason" in line) == ("order_paid", str(order_id), False)
        assert 0 <= line["seconds"] < 3600

    def test_failed_says_why(self, scenario, counted, lines):
        with counted("failed", "expired_card") as grown:
            order_id = scenario.place(method=DECLINED)
            scenario.deliveries.deliver_all()
        assert grown == [1, 1999]
        _, line = lines()
        assert (line["event"], line["order_id"]) == ("order_failed", str(order_id))
        assert (line["reason"], line["code"], line["step"]) == ("expired_card", "expired_card", "authorise_payment")

    def test_failed_for_an_unknown_code_is_counted_as_other(self, scenario, counted, lines, monkeypatch):
        monkeypatch.setattr("domain.sales.order_outcomes.REASONS", frozenset())
        with counted("failed", "other") as grown:
            scenario.place(method=DECLINED)
            scenario.deliveries.deliver_all()
        assert grown[0] == 1
        assert (lines()[-1]["reason"], lines()[-1]["code"]) == ("other", "expired_card")

    def test_cancelled_before_the_payment(self, scenario, counted, lines):
        with counted("cancelled", "before_payment") as grown:
            order_id = scenario.place()
            scenario.cancel(order_id)
            scenario.deliveries.deliver_all()
        assert grown == [1, 1999]
        assert [(line["event"], line.get("reason")) for line in lines()] == [
            ("order_placed", None), ("order_cancelled", "before_payment"),
        ]  # fmt: skip

    def test_cancelled_after_it(self, scenario, counted, lines):
        order_id = scenario.place()
        scenario.deliveries.deliver_all()
        with counted("cancelled", "after_payment") as grown:
            scenario.cancel(order_id)
            scenario.deliveries.deliver_all()
        assert grown == [1, 1999]
        assert (lines()[-1]["event"], lines()[-1]["reason"]) == ("order_cancelled", "after_payment")

    def test_of_many_at_once_are_logged_one_by_one(self, scenario, lines):
        orders = {str(scenario.place()) for _ in range(3)}
        scenario.deliveries.deliver_all_in_batches()
        assert {line["order_id"] for line in lines() if line["event"] == "order_paid"} == orders

    def test_never_log_text_that_a_person_wrote(self, scenario, lines):
        for method in ("pm_card_visa", DECLINED):
            order_id = scenario.place(method=method)
            scenario.deliveries.deliver_all()
        scenario.cancel(scenario.place())
        scenario.deliveries.deliver_all()
        logged = str(lines())
        assert str(order_id) in logged
        assert [word for word in (*PERSONAL, scenario.buyer.email, scenario.buyer.name) if word in logged] == []


class TestSteps:
    def test_are_measured_by_name_and_answer(self, scenario):
        wanted = [
            ("reserve_stock", "done"), ("authorise_payment", "refused"), ("release_stock", "done"),
            ("void_payment", "done"),
        ]  # fmt: skip

        def counts():
            name = "orderx_step_duration_seconds_count"
            return [sample(name, step=step, outcome=outcome) for step, outcome in wanted]

        before = counts()
        scenario.place(method=DECLINED)
        scenario.deliveries.deliver_all()
        assert [after - was for after, was in zip(counts(), before, strict=True)] == [1] * 4

    def test_include_their_external_calls(self, scenario):
        labels = {"step": "authorise_payment", "outcome": "done"}
        before = sample("orderx_step_duration_seconds_sum", **labels)
        scenario.place(method="pm_card_slow")
        scenario.deliveries.deliver_all()
        assert sample("orderx_step_duration_seconds_sum", **labels) - before >= SLOW_SECONDS


class TestCounts:
    def test_name_no_company_and_no_person(self, scenario):
        scenario.place()
        scenario.deliveries.deliver_all()
        names = {
            name
            for metric in REGISTRY.collect()
            if metric.name.startswith(("orderx_order", "orderx_step"))
            for each in metric.samples
            for name in each.labels
        }
        assert names == {"outcome", "reason", "currency", "step", "le"}

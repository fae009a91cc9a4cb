"""What other areas record of an order's payments and goods."""

import pytest

from domain.sales import order_status, queries
from domain.sales.errors import OrderNotFound, TransitionNotAllowed
from domain.sales.order_status import PaymentSums
from kit import clock, db
from kit.ids import new_id
from tests import factories
from tests.factories import acting_for

STATES = ("status", "state", "payment_state", "fulfilment_state", "disputed", "paid", "refunded", "version")


@pytest.fixture
def order(database):
    company = factories.make_company()
    product = factories.make_product(factories.make_shop(company))
    factories.put_stock(product, factories.make_warehouse(company))
    return factories.make_order(product, quantity=2)


@pytest.fixture
def states(order):
    """The states of the order, as they are stored."""

    def read():
        with db.transaction(acting_for(order)):
            stored = queries.the_order(order_id=order.id)
            return tuple(getattr(stored, name) for name in STATES)

    return read


@pytest.fixture
def paid_order(order):
    with db.transaction(acting_for(order)):
        order_status.mark_paid(order_ids=[order.id], now=clock.now())
    return order


def record(order, *sums, **others):
    with db.transaction(acting_for(order)):
        return order_status.record_payment_state(sums={order.id: PaymentSums(*sums, **others)}, now=clock.now())


def record_goods(order, state):
    with db.transaction(acting_for(order)):
        return order_status.record_fulfilment_state(states={order.id: state}, now=clock.now())


class TestRecordPaymentState:
    def test_stores_the_state_and_the_sums(self, paid_order, states):
        record(paid_order, "partly_refunded", 3998, 1000)
        assert states() == ("paid", "placed", "partly_refunded", "none", False, 3998, 1000, 3)

    def test_writes_nothing_where_nothing_changes(self, paid_order, states):
        before = states()
        record(paid_order, "paid", 3998)
        assert states() == before

    def test_marks_a_dispute(self, paid_order, states):
        record(paid_order, "paid", 3998, disputed=True)
        assert states() == ("paid", "placed", "paid", "none", True, 3998, 0, 3)

    def test_comes_before_the_order_is_placed_and_stays(self, order, states):
        record(order, "authorised", 0)
        assert states()[:3] == ("pending", "pending", "authorised")
        with db.transaction(acting_for(order)):
            order_status.mark_paid(order_ids=[order.id], now=clock.now())
        assert states() == ("paid", "placed", "authorised", "none", False, 0, 0, 3)

    def test_refuses_an_unknown_order(self, order):
        with db.transaction(acting_for(order)), pytest.raises(OrderNotFound):
            order_status.record_payment_state(sums={new_id(): PaymentSums("paid", 1)}, now=clock.now())

    def test_refuses_an_order_of_another_company(self, order):
        other = factories.make_company()
        with db.transaction(factories.Tenant(company_id=other.id)), pytest.raises(OrderNotFound):
            order_status.record_payment_state(sums={order.id: PaymentSums("paid", 1)}, now=clock.now())


class TestRecordFulfilmentState:
    def test_stores_the_state(self, paid_order, states):
        record_goods(paid_order, "partly_shipped")
        assert states()[:4] == ("fulfilling", "placed", "paid", "partly_shipped")

    def test_refuses_an_order_that_is_not_placed(self, order, states):
        before = states()
        with pytest.raises(TransitionNotAllowed, match="goods of an order that is pending"):
            record_goods(order, "shipped")
        assert states() == before

    def test_keeps_the_order_from_being_cancelled(self, paid_order):
        record_goods(paid_order, "in_progress")
        with db.transaction(acting_for(paid_order)), pytest.raises(TransitionNotAllowed):
            order_status.mark_cancelled(order_ids=[paid_order.id], now=clock.now())


def test_a_cancelled_order_has_all_of_its_money_back(paid_order, states):
    with db.transaction(acting_for(paid_order)):
        order_status.mark_cancelled(order_ids=[paid_order.id], now=clock.now())
    assert states() == ("cancelled", "cancelled", "refunded", "none", False, 3998, 3998, 3)


class TestThePreviousRelease:
    """It writes the status alone: a trigger sets the states."""

    @pytest.fixture
    def write(self, order, states):
        def write(status):
            with db.transaction(acting_for(order)):
                db.run("UPDATE orders SET status = %(status)s WHERE id = %(id)s", {"status": status, "id": order.id})
            return states()[:-1]

        return write

    def test_marks_an_order_as_paid(self, write):
        assert write("paid") == ("paid", "placed", "paid", "none", False, 3998, 0)

    def test_marks_an_order_as_failed(self, write):
        assert write("failed") == ("failed", "failed", "none", "none", False, 0, 0)

    def test_cancels_a_pending_order(self, write):
        assert write("cancelled") == ("cancelled", "cancelled", "none", "none", False, 0, 0)

    def test_cancels_a_paid_order(self, paid_order, write):
        assert write("cancelled") == ("cancelled", "cancelled", "refunded", "none", False, 3998, 3998)

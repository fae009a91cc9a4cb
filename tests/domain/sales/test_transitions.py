from datetime import UTC, datetime
from itertools import product

import pytest

from domain.sales import transitions
from domain.sales.errors import TransitionNotAllowed
from domain.sales.headline import FULFILMENT_STATES, STATES, STATUSES
from domain.sales.models import Order
from domain.sales.transitions import STATE_CHANGES, TRANSITIONS

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ENDS = {"failed", "cancelled", "returned"}
PAIRS = list(product(STATES, STATES))


def reachable(status):
    seen, ahead = set(), [status]
    while ahead:
        new = set(TRANSITIONS[ahead.pop()]) - seen
        seen |= new
        ahead.extend(new)
    return seen


def order_in(state, fulfilment="none"):
    return Order(state=state, payment_state="none", fulfilment_state=fulfilment, status="of before", version=3)


class TestTransitions:
    def test_have_every_status(self):
        assert set(TRANSITIONS) == set(STATUSES)

    def test_end_at_final_statuses(self):
        assert {status for status, following in TRANSITIONS.items() if not following} == ENDS

    def test_reach_every_status_from_a_new_order(self):
        assert reachable("pending") == set(STATUSES) - {"pending"}

    @pytest.mark.parametrize("status", STATUSES)
    def test_have_no_cycles(self, status):
        assert status not in reachable(status)

    @pytest.mark.parametrize("status", STATUSES)
    def test_allow_users_no_statuses_of_the_saga(self, status):
        assert set(transitions.allowed(status)) == set(TRANSITIONS[status]) - {"paid", "failed"}


class TestMove:
    @pytest.mark.parametrize(("before", "after"), [pair for pair in PAIRS if pair[1] in STATE_CHANGES[pair[0]]])
    def test_accepts_every_change_in_the_table(self, before, after):
        order = order_in(before)
        transitions.move(order, after)
        assert order.state == after

    @pytest.mark.parametrize(("before", "after"), [pair for pair in PAIRS if pair[1] not in STATE_CHANGES[pair[0]]])
    def test_refuses_every_other(self, before, after):
        order = order_in(before)
        with pytest.raises(TransitionNotAllowed, match=f"An order that is of before cannot become {after}"):
            transitions.move(order, after)
        assert order.state == before

    @pytest.mark.parametrize("fulfilment", set(FULFILMENT_STATES) - {"none"})
    def test_cancels_no_order_whose_goods_are_being_prepared(self, fulfilment):
        with pytest.raises(TransitionNotAllowed):
            transitions.move(order_in("placed", fulfilment), "cancelled")


def test_the_headline_follows_the_states_with_the_next_version():
    order = order_in("placed", "shipped")
    transitions.update_headline(order, now=NOW)
    assert (order.status, order.version, order.changed_at) == ("shipped", 4, NOW)

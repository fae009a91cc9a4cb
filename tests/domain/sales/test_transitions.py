from datetime import UTC, datetime
from itertools import product

import pytest

from domain.sales import transitions
from domain.sales.errors import TransitionNotAllowed
from domain.sales.models import STATUSES, Order
from domain.sales.transitions import TRANSITIONS

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ENDS = {"failed", "cancelled", "returned"}
PAIRS = list(product(STATUSES, STATUSES))


def reachable(status):
    seen, ahead = set(), [status]
    while ahead:
        new = set(TRANSITIONS[ahead.pop()]) - seen
        seen |= new
        ahead.extend(new)
    return seen


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
    @pytest.mark.parametrize(("before", "after"), [pair for pair in PAIRS if pair[1] in TRANSITIONS[pair[0]]])
    def test_accepts_every_transition_in_the_table(self, before, after):
        order = Order(status=before, version=3)
        transitions.move(order, after, now=NOW)
        assert (order.status, order.version, order.changed_at) == (after, 4, NOW)

    @pytest.mark.parametrize(("before", "after"), [pair for pair in PAIRS if pair[1] not in TRANSITIONS[pair[0]]])
    def test_refuses_every_other(self, before, after):
        order = Order(status=before, version=3)
        with pytest.raises(TransitionNotAllowed, match=f"An order that is {before} cannot become {after}"):
            transitions.move(order, after, now=NOW)
        assert (order.status, order.version) == (before, 3)

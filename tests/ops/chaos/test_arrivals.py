"""Customers come steadily, but crowd in right before something is disturbed."""

import pytest

from ops.chaos.arrivals import arrivals


class TestArrivals:
    def test_are_steady_where_nothing_is_disturbed(self):
        assert arrivals(orders=4, rate=2, disturbed_at=[]) == [0, 0.5, 1.0, 1.5]

    def test_crowd_right_before_a_disturbance(self):
        came = arrivals(orders=100, rate=5, disturbed_at=[10.0])
        assert sum(9.75 <= each <= 10 for each in came) >= 7
        assert not any(10 < each <= 10.7 for each in came)

    @pytest.mark.parametrize("disturbed_at", [[0.1], [3.0, 3.1, 5.0], [7.0, 2.0]])
    def test_are_as_many_in_order_and_never_before_the_first(self, disturbed_at):
        came = arrivals(orders=50, rate=5, disturbed_at=disturbed_at)
        assert len(came) == 50
        assert came == sorted(came)
        assert came[0] >= 0
        assert came[-1] <= 49 / 5 + 0.8

"""Customers arrive at a steady rate, with a peak right before each fault."""

import pytest

from ops.chaos.arrivals import arrival_times


class TestArrivals:
    def test_are_steady_without_faults(self):
        assert arrival_times(orders=4, rate=2, faults_at=[]) == [0, 0.5, 1.0, 1.5]

    def test_peak_right_before_a_fault(self):
        times = arrival_times(orders=100, rate=5, faults_at=[10.0])
        assert sum(9.75 <= each <= 10 for each in times) >= 7
        assert not any(10 < each <= 10.7 for each in times)

    @pytest.mark.parametrize("faults_at", [[0.1], [3.0, 3.1, 5.0], [7.0, 2.0]])
    def test_are_as_many_in_order_and_never_before_the_first(self, faults_at):
        times = arrival_times(orders=50, rate=5, faults_at=faults_at)
        assert len(times) == 50
        assert times == sorted(times)
        assert times[0] >= 0
        assert times[-1] <= 49 / 5 + 0.8

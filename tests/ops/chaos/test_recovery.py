"""Recovery times: from the end of a fault until the last affected order has ended."""

from ops.chaos.fault_injector import FinishedFault
from ops.chaos.plan import PlannedFault
from ops.chaos.recovery import PendingInterval, by_target, recoveries


def finished(started_at, recovered_at, *, target="relay", kind="kill"):
    return FinishedFault(PlannedFault(started_at, target, kind, "relay-1", 1.0), started_at, recovered_at)


def seconds(faults, intervals):
    return [each.seconds for each in recoveries(faults, intervals)]


class TestRecoveries:
    def test_last_until_the_last_order_that_was_pending_has_ended(self):
        assert seconds(
            [finished(10, 12)], [PendingInterval(9, 13), PendingInterval(11, 15.5), PendingInterval(11, 14)]
        ) == [3.5]

    def test_are_zero_without_pending_orders(self):
        [only] = recoveries([finished(10, 12)], [PendingInterval(9, 11), PendingInterval(12.5, 30)])
        assert (only.affected_orders, only.seconds) == (0, 0.0)

    def test_exclude_the_time_of_another_fault(self):
        assert seconds([finished(10, 12), finished(13, 16)], [PendingInterval(11, 18)]) == [3.0, 2.0]

    def test_exclude_overlapping_faults_only_once(self):
        faults = [finished(10, 12), finished(13, 16), finished(14, 17), finished(5, 13.5)]
        assert seconds(faults, [PendingInterval(11, 20)])[0] == 3.0

    def test_include_the_time_of_faults_that_do_not_delay_orders(self):
        assert seconds([finished(10, 12), finished(13, 16, target="inbox")], [PendingInterval(11, 18)])[0] == 6.0

    def test_are_zero_while_another_fault_is_active(self):
        assert seconds([finished(10, 12), finished(11, 30)], [PendingInterval(11, 20)])[0] == 0.0


class TestByTarget:
    def test_has_the_slowest_and_the_median_of_each_kind(self):
        intervals = [PendingInterval(11, 13), PendingInterval(21, 26), PendingInterval(31, 33)]
        found = recoveries(
            [finished(10, 12), finished(20, 22), finished(30, 32), finished(40, 41, kind="freeze")], intervals
        )
        assert by_target(found) == [("relay", "freeze", 1, 0, 0.0, 0.0), ("relay", "kill", 3, 3, 4.0, 1.0)]

"""From when something was back until what it had caught had ended."""

from ops.chaos.conductor import Done
from ops.chaos.plan import Disturbance
from ops.chaos.recovery import Stay, by_target, recoveries


def done(begun, back, *, target="relay", deed="kill"):
    return Done(Disturbance(begun, target, deed, "relay-1", 1.0), begun, back)


def seconds(disturbances, stays):
    return [each.seconds for each in recoveries(disturbances, stays)]


class TestRecoveries:
    def test_last_until_the_last_order_that_was_pending_has_ended(self):
        assert seconds([done(10, 12)], [Stay(9, 13), Stay(11, 15.5), Stay(11, 14)]) == [3.5]

    def test_take_no_time_where_nothing_was_pending(self):
        [only] = recoveries([done(10, 12)], [Stay(9, 11), Stay(12.5, 30)])
        assert (only.caught, only.seconds) == (0, 0.0)

    def test_leave_out_what_something_else_took_meanwhile(self):
        assert seconds([done(10, 12), done(13, 16)], [Stay(11, 18)]) == [3.0, 2.0]

    def test_leave_out_what_overlaps_only_once(self):
        disturbances = [done(10, 12), done(13, 16), done(14, 17), done(5, 13.5)]
        assert seconds(disturbances, [Stay(11, 20)])[0] == 3.0

    def test_do_not_leave_out_what_orders_can_do_without(self):
        assert seconds([done(10, 12), done(13, 16, target="inbox")], [Stay(11, 18)])[0] == 6.0

    def test_are_none_while_everything_else_is_still_down(self):
        assert seconds([done(10, 12), done(11, 30)], [Stay(11, 20)])[0] == 0.0


class TestByTarget:
    def test_tells_the_slowest_and_the_median_of_each_kind(self):
        stays = [Stay(11, 13), Stay(21, 26), Stay(31, 33)]
        found = recoveries([done(10, 12), done(20, 22), done(30, 32), done(40, 41, deed="freeze")], stays)
        assert by_target(found) == [("relay", "freeze", 1, 0, 0.0, 0.0), ("relay", "kill", 3, 3, 4.0, 1.0)]

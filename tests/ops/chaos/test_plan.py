"""What a run does and orders is made from its seed alone."""

from collections import Counter
from itertools import pairwise

import pytest

from ops.chaos.plan import OF_A_CHILD, SECONDS, TARGETS, Disturbance, plan
from ops.chaos.wishes import wishes

ALL = list(TARGETS)


def planned(**given):
    return plan(**{"seed": 1, "kills": 60, "targets": ALL, "duration": 400.0, **given})


class TestPlan:
    def test_is_the_same_for_the_same_seed(self):
        assert planned() == planned()

    def test_is_another_for_another_seed(self):
        assert planned() != planned(seed=2)

    def test_disturbs_every_target_about_equally_often(self):
        times = Counter(each.target for each in planned())
        assert times.keys() == TARGETS.keys()
        assert max(times.values()) - min(times.values()) <= 1

    def test_knows_every_deed_that_a_target_allows(self):
        seen = {(each.target, each.deed) for seed in range(20) for each in planned(seed=seed)}
        assert seen == {(name, deed) for name, target in TARGETS.items() for deed in target.deeds}

    def test_spreads_over_the_duration_in_order_of_time(self):
        times = [each.at for each in planned()]
        assert times == sorted(times)
        assert 0 < times[0] < times[-1] < 400
        assert max(after - before for before, after in pairwise(times)) < 2 * 400 / 60

    def test_keeps_to_the_seconds_of_each_deed(self):
        for each in planned():
            shortest, longest = SECONDS[each.deed]
            assert shortest <= each.seconds <= longest

    def test_does_nothing_where_nothing_is_asked_for(self):
        assert planned(kills=0) == []

    def test_leaves_alone_whom_it_was_not_given(self):
        assert {each.target for each in planned(targets=["relay", "postgres"])} == {"relay", "postgres"}


class TestDisturbance:
    @pytest.mark.parametrize(
        ("target", "told"), [("worker", "kill worker-3"), ("pool-child", "kill a child of worker-3")]
    )
    def test_says_who_it_is_about(self, target, told):
        assert str(Disturbance(1.0, target, "kill", "worker-3", 0.5)) == told

    def test_is_only_ever_a_kill_for_a_child(self):
        assert {TARGETS[name].deeds for name in OF_A_CHILD} == {("kill",)}


class TestWishes:
    def test_are_the_same_for_the_same_seed(self):
        assert wishes(seed=3, orders=50) == wishes(seed=3, orders=50) != wishes(seed=4, orders=50)

    def test_hold_something_of_everything(self):
        made = wishes(seed=1, orders=300)
        for trait in ("late", "scarce", "cancel_after", "hasty", "wait"):
            having = sum(bool(getattr(wish, trait)) for wish in made)
            assert 0 < having < len(made) / 4, trait

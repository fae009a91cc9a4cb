"""Plan and scenarios are generated from the seed alone."""

from collections import Counter
from itertools import pairwise

import pytest

from ops.chaos.plan import CHILD_TARGETS, DURATIONS, TARGETS, PlannedFault, plan
from ops.chaos.scenarios import scenarios

ALL = list(TARGETS)


def planned(**options):
    return plan(**{"seed": 1, "kills": 60, "targets": ALL, "duration": 400.0, **options})


class TestPlan:
    def test_is_the_same_for_the_same_seed(self):
        assert planned() == planned()

    def test_is_another_for_another_seed(self):
        assert planned() != planned(seed=2)

    def test_has_every_target_about_equally_often(self):
        times = Counter(each.target for each in planned())
        assert times.keys() == TARGETS.keys()
        assert max(times.values()) - min(times.values()) <= 1

    def test_has_every_kind_of_fault_of_a_target(self):
        seen = {(each.target, each.kind) for seed in range(20) for each in planned(seed=seed)}
        assert seen == {(name, kind) for name, target in TARGETS.items() for kind in target.kinds}

    def test_spreads_over_the_duration_in_order_of_time(self):
        times = [each.at for each in planned()]
        assert times == sorted(times)
        assert 0 < times[0] < times[-1] < 400
        assert max(after - before for before, after in pairwise(times)) < 2 * 400 / 60

    def test_keeps_the_durations_of_each_kind(self):
        for each in planned():
            shortest, longest = DURATIONS[each.kind]
            assert shortest <= each.seconds <= longest

    def test_is_empty_without_kills(self):
        assert planned(kills=0) == []

    def test_uses_only_the_given_targets(self):
        assert {each.target for each in planned(targets=["relay", "postgres"])} == {"relay", "postgres"}


class TestPlannedFault:
    @pytest.mark.parametrize(
        ("target", "text"), [("worker", "kill worker-3"), ("pool-child", "kill a child of worker-3")]
    )
    def test_names_the_process(self, target, text):
        assert str(PlannedFault(1.0, target, "kill", "worker-3", 0.5)) == text

    def test_of_a_child_is_always_a_kill(self):
        assert {TARGETS[name].kinds for name in CHILD_TARGETS} == {("kill",)}


class TestScenarios:
    def test_are_the_same_for_the_same_seed(self):
        assert scenarios(seed=3, orders=50) == scenarios(seed=3, orders=50) != scenarios(seed=4, orders=50)

    def test_have_every_trait(self):
        made = scenarios(seed=1, orders=300)
        for trait in ("has_slow_card", "scarce", "cancel_after", "impatient", "wait"):
            having = sum(bool(getattr(scenario, trait)) for scenario in made)
            assert 0 < having < len(made) / 4, trait

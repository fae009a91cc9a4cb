"""A schedule is declared with the function it calls, and found in the function's module."""

from datetime import UTC, datetime, timedelta
from types import ModuleType

import pytest

from kit.schedules import MISSED_AFTER, Schedule, daily, declared_in, every, schedule

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@schedule(every(minutes=10), missed="skip", jitter=timedelta(minutes=2))
def water_plants(*, now: datetime) -> str:
    """Water those that are dry."""
    return f"watered at {now:%H:%M}"


def module(name: str, **members: object) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(members)
    return made


def declared(name: str, of: str) -> Schedule[None]:
    def action(*, now: datetime) -> None:
        del now

    action.__name__, action.__module__ = name, of
    return schedule(every(minutes=1))(action)


class TestSchedule:
    def test_is_called_like_its_function(self):
        assert water_plants(now=NOON) == "watered at 12:00"
        assert (water_plants.name, water_plants.__doc__) == ("water_plants", "Water those that are dry.")

    @pytest.mark.parametrize(("part", "minutes"), [(0.0, 10), (0.5, 11)])
    def test_adds_a_part_of_the_jitter(self, part, minutes):
        assert water_plants.next_run(NOON, draw=lambda: part) == NOON + timedelta(minutes=minutes)

    def test_refuses_a_jitter_as_long_as_the_period(self):
        with pytest.raises(ValueError, match="jitter"):
            schedule(every(minutes=1), jitter=timedelta(minutes=1))(water_plants.action)

    @pytest.mark.parametrize(("missed", "late", "skipped"), [
        ("skip", MISSED_AFTER, False), ("skip", MISSED_AFTER + SECOND, True), ("catch_up", timedelta(days=9), False),
    ])  # fmt: skip
    def test_leaves_out_missed_runs_if_declared_so(self, missed, late, skipped):
        each = schedule(every(minutes=10), missed=missed)(water_plants.action)
        assert each.is_skipped(due_at=NOON, now=NOON + late) is skipped

    def test_is_overdue_after_a_period_but_at_most_an_hour(self):
        assert water_plants.overdue_after == timedelta(minutes=11)
        at_three = schedule(daily(at=NOON.time(), zone="Europe/Vienna"))(water_plants.action)
        assert at_three.overdue_after == timedelta(minutes=61)


class TestDeclaredIn:
    def test_finds_schedules_by_name_and_leaves_imported_ones_to_their_module(self):
        own, imported = declared("prune", "a"), declared("sweep", "b")
        assert declared_in([module("a", prune=own, sweep=imported, other=1)]) == {"prune": own}

    def test_refuses_two_of_one_name(self):
        with pytest.raises(ValueError, match="two schedules are called prune"):
            declared_in([module("a", prune=declared("prune", "a")), module("b", prune=declared("prune", "b"))])

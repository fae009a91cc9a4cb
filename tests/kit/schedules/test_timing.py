"""Runs are at the right times, over every change of the clocks."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.schedules.timing import daily, every
from kit.time_zones import TIME_ZONES

DAY = timedelta(days=1)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
ZONES = st.sampled_from(sorted(TIME_ZONES))
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
INTERVALS = st.integers(1, 10 * 86_400)


def vienna(*when: int, fold: int = 0) -> datetime:
    return datetime(*when, tzinfo=ZoneInfo("Europe/Vienna"), fold=fold)


class TestEvery:
    @given(MOMENTS, INTERVALS)
    def test_is_the_next_multiple_of_the_interval(self, moment, seconds):
        run = every(seconds=seconds).next_after(moment)
        assert timedelta() < run - moment <= timedelta(seconds=seconds)
        assert run.timestamp() % seconds == 0

    def test_a_late_run_does_not_move_the_next_one(self):
        timing = every(minutes=10)
        late = datetime(2026, 3, 1, 12, 13, 14, tzinfo=UTC)
        assert timing.next_after(late) == datetime(2026, 3, 1, 12, 20, tzinfo=UTC)

    def test_refuses_less_than_a_second(self):
        with pytest.raises(ValueError, match="a second or more"):
            every()

    @pytest.mark.parametrize(
        ("timing", "words"),
        [
            (every(minutes=1), "every minute"), (every(hours=6), "every 6 hours"),
            (every(seconds=90), "every 90 seconds"), (every(days=1), "every day"),
            (daily(at=time(3), zone="Europe/Vienna"), "daily at 03:00 Europe/Vienna"),
        ],
    )  # fmt: skip
    def test_says_what_it_is(self, timing, words):
        assert str(timing) == words


class TestDaily:
    @given(MOMENTS, ZONES, TIMES)
    def test_is_later_and_within_the_longest_local_day(self, moment, zone, at):
        run = daily(at=at, zone=zone).next_after(moment)
        assert timedelta() < run - moment <= 2 * DAY  # a date line that moves makes a date of 48 hours

    @given(MOMENTS, ZONES, TIMES)
    def test_is_at_the_local_time_unless_the_clocks_skip_it(self, moment, zone, at):
        run = daily(at=at, zone=zone).next_after(moment)
        local = run.astimezone(ZoneInfo(zone))
        if local.time() != at:
            asked = datetime.combine(local.date(), at, ZoneInfo(zone))
            candidates = [asked - DAY, asked]
            assert run in [each.astimezone(UTC) for each in candidates]
            assert any(each.astimezone(UTC).astimezone(ZoneInfo(zone)).time() != at for each in candidates)

    @given(MOMENTS, ZONES, TIMES)
    def test_has_one_run_for_each_local_date(self, moment, zone, at):
        timing, runs = daily(at=at, zone=zone), []
        for _ in range(5):
            moment = timing.next_after(moment)
            runs.append(moment)
        first = runs[0].astimezone(ZoneInfo(zone)).date()
        dates = (first + days * DAY for days in range(-1, 9))
        wanted = sorted({datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC) for day in dates})
        begin = wanted.index(runs[0])
        assert runs == wanted[begin : begin + 5]

    @given(MOMENTS, ZONES, TIMES, st.timedeltas(timedelta(), DAY))
    def test_is_the_same_run_for_every_moment_before_it(self, moment, zone, at, later):
        timing = daily(at=at, zone=zone)
        run = timing.next_after(moment)
        if moment + later < run:
            assert timing.next_after(moment + later) == run

    def test_is_later_by_an_hour_of_the_clock_in_summer(self):
        timing = daily(at=time(3), zone="Europe/Vienna")
        assert timing.next_after(datetime(2026, 1, 1, tzinfo=UTC)).hour == 2
        assert timing.next_after(datetime(2026, 7, 1, tzinfo=UTC)).hour == 1

    def test_reads_a_skipped_time_with_the_offset_before_the_change(self):
        run = daily(at=time(2, 30), zone="Europe/Vienna").next_after(vienna(2026, 3, 28, 12))
        assert run == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)

    def test_takes_the_first_of_a_time_that_occurs_twice(self):
        timing = daily(at=time(2, 30), zone="Europe/Vienna")
        first = timing.next_after(vienna(2026, 10, 24, 12))
        assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        assert timing.next_after(first).astimezone(ZoneInfo("Europe/Vienna")).date() == date(2026, 10, 26)

    @pytest.mark.parametrize("zone", ["Europe/Atlantis", "", "../etc/passwd"])
    def test_refuses_a_zone_that_does_not_exist(self, zone):
        with pytest.raises(ValueError):
            daily(at=time(3), zone=zone)

    def test_refuses_a_time_with_a_zone(self):
        with pytest.raises(ValueError, match="without a time zone"):
            daily(at=time(3, tzinfo=UTC), zone="Europe/Vienna")

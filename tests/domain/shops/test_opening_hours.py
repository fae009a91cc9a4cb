"""Opening hours, compared with a calendar that lists every minute."""

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opening_hours import OpeningHours as LibraryHours

from domain.shops.opening_hours import InvalidOpeningHours, OpeningHours
from tests.domain.shops.painted_calendar import DAY, FIRST_DAYS, as_kept, exceptions, painted, rules, written


def wall(*numbers):
    """A time on the wall's clock."""
    return datetime(*numbers)  # noqa: DTZ001 - local time, without a zone


class TestOpeningHours:
    @settings(max_examples=60)
    @given(st.lists(rules, min_size=1, max_size=4), st.lists(exceptions, max_size=3), st.sampled_from(FIRST_DAYS))
    def test_agrees_with_a_calendar_for_every_minute(self, rules, exceptions, first):
        rules[0]["separator"] = "; "
        text = written(rules[0]) + "".join(rule["separator"] + written(rule) for rule in rules[1:])
        hours = OpeningHours(text, exceptions=[as_kept(each, first) for each in exceptions])
        calendar = painted(rules, exceptions, first)
        begin = datetime.combine(first, time())
        borders = [0, *(n for n in range(1, len(calendar)) if calendar[n] != calendar[n - 1])]
        for minute in {m for border in borders for m in (border, border - 1) if m >= 0} | {len(calendar) - 1}:
            assert hours.state(begin + timedelta(minutes=minute)) == calendar[minute], text
        change = next((n for n in borders if calendar[n][0] != calendar[0][0]), None)
        found = hours.next_change(begin)
        if change is None:
            assert found is None or found >= begin + timedelta(minutes=len(calendar))
        else:
            assert found == begin + timedelta(minutes=change)

    @pytest.mark.parametrize(
        ("said", "state"),
        [
            ('"by appointment"', "unknown"),
            ('Mo-Fr "by appointment"', "unknown"),
            ('2026 "by appointment"', "unknown"),
            ('24/7 "ring twice"', "open"),
            ('open "ring twice"', "open"),
            ('Mo-Fr 09:00-18:00 "ring twice"', "open"),
            ('Mo-Fr off "on holiday"', "closed"),
            ('Mo 09:00-10:00 || "by appointment"', "unknown"),
        ],
    )
    def test_is_unknown_with_only_a_comment(self, said, state):
        assert OpeningHours(said).state(wall(2026, 12, 1, 12))[0] == state

    @pytest.mark.parametrize("christmas", ["", "; Dec 25 off", "; 2026 Dec 25 off", "; PH off"])
    def test_closes_a_day_and_not_the_evening_before(self, christmas):
        closed = {"first_day": "2026-12-25", "last_day": "2026-12-25", "hours": None}
        hours = OpeningHours("Mo-Su 18:00-02:00" + christmas, exceptions=[] if christmas else [closed], country="DE")
        days = [(25, 1, 30), (25, 2, 0), (25, 20, 0), (26, 0, 0), (26, 1, 59)]
        states = [hours.state(wall(2026, 12, *moment))[0] for moment in days]
        assert states == ["open", "closed", "closed", "closed", "closed"]

    @pytest.mark.parametrize(
        ("said", "minutes"),
        [
            ("sunrise-sunset", (7 * 60, 19 * 60)),
            ("dawn-dusk", (6 * 60, 20 * 60)),
            ("(sunset+01:30)-23:00", (20 * 60 + 30, 23 * 60)),
            ("9:00 - 18:00", (9 * 60, 18 * 60)),
            ("18:00+", (18 * 60, DAY)),
            ("10:00-16:00/01:30", (10 * 60, 16 * 60)),
            ("week 49 We[1] 10:00-12:00", (10 * 60, 12 * 60)),
            ("2026: 10:00-12:00", (10 * 60, 12 * 60)),
        ],
    )
    def test_reads_times_as_the_library_does(self, said, minutes):
        hours, library, begin = OpeningHours(said), LibraryHours(said), wall(2026, 12, 2)
        for minute in range(0, DAY, 10):
            moment = begin + timedelta(minutes=minute)
            assert (hours.state(moment)[0] == "open") == library.is_open(moment) == (minutes[0] <= minute < minutes[1])

    @pytest.mark.parametrize(
        ("said", "missing_day"),
        [
            ("Mo-Su 09:00-18:00; Jun 31 off", "Jun 31"),
            ("Feb 30 10:00-12:00", "Feb 30"),
            ("Feb 20-30 off", "Feb 30"),
            ("Apr 31-May 2 off", "Apr 31"),
            ("2026 Feb 29 off", "2026 Feb 29"),
            ("2027 Dec 24-2028 Feb 30 off", "2028 Feb 30"),
        ],
    )
    def test_refuses_days_that_no_calendar_has(self, said, missing_day):
        with pytest.raises(InvalidOpeningHours, match=f"There is no {missing_day}."):
            OpeningHours(said)

    @pytest.mark.parametrize(
        "said", ["Feb 29 off", "2028 Feb 29 off", "Jun 10:00-12:00", '24/7 "Jun 31"', "Jan 31-Feb 1"]
    )
    def test_accepts_days_that_exist_in_some_year(self, said):
        OpeningHours(said)

    @pytest.mark.parametrize("said", ["", "open on weekdays", "Mo-Fr 25:00-56:00", "Mo-Fr 09:00-18:00;", "\0"])
    def test_refuses_what_is_not_the_syntax(self, said):
        with pytest.raises(InvalidOpeningHours):
            OpeningHours(said)

    @given(st.text(alphabet='MoTuFrPHJanDec0123456789:;,-+ "()[]|/off24sunrie', max_size=40))
    def test_accepts_or_refuses_any_text(self, said):
        try:
            hours = OpeningHours(said, country="BE")
        except InvalidOpeningHours:
            return
        assert hours.state(wall(2026, 11, 27))[0] in {"open", "closed", "unknown"}

    def test_looks_a_year_ahead(self):
        assert OpeningHours("2027 Nov 20").next_change(wall(2026, 11, 27)) == wall(2027, 11, 20)
        assert OpeningHours("2028 Jan 1").next_change(wall(2026, 11, 27)) is None


class TestExceptions:
    def of_new_years_eve(self, hours, reason=None):
        exception = {"first_day": "2026-12-31", "last_day": "2026-12-31", "hours": hours, "reason": reason}
        return OpeningHours("Mo-Su 09:00-18:00", exceptions=[exception])

    def test_say_why(self):
        closed = self.of_new_years_eve(None, 'open again; see "news"')
        assert closed.state(wall(2026, 12, 31, 12)) == ("closed", 'open again; see "news"')
        assert closed.state(wall(2027, 1, 1, 12)) == ("open", "")

    @pytest.mark.parametrize(("hour", "state"), [(9, "closed"), (11, "open"), (15, "closed"), (23, "open")])
    def test_give_a_day_other_hours(self, hour, state):
        hours = self.of_new_years_eve("10:00-14:00,22:00-02:00")
        assert hours.state(wall(2026, 12, 31, hour, 30))[0] == state
        assert hours.state(wall(2027, 1, 1, 1, 59))[0] == "open"

    @pytest.mark.parametrize("odd", ["10:00", "10:00-14:00; 24/7", "Mo 10:00-14:00", "off", "25:00-99:00"])
    def test_accept_hours_of_one_day_only(self, odd):
        with pytest.raises(InvalidOpeningHours):
            self.of_new_years_eve(odd)

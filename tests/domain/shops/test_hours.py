"""Opening hours in local time, minute by minute, including changes of daylight saving time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shops import hours
from domain.shops.opening_hours import LOOK_AHEAD

CLOCK_CHANGES = {
    "Europe/Berlin": [(2026, 3, 29), (2026, 10, 25)],
    "America/New_York": [(2026, 3, 8), (2026, 11, 1)],
    "Asia/Kolkata": [(2026, 3, 29)],  # half an hour off the others, and never changed
    "Asia/Beirut": [(2026, 3, 29), (2026, 10, 25)],  # midnight is skipped, and comes twice
    "Australia/Lord_Howe": [(2026, 4, 5), (2026, 10, 4)],  # by half an hour
    "Pacific/Apia": [(2011, 12, 30)],  # a day that was skipped
}
MINUTE, DAY = timedelta(minutes=1), 24 * 60
spans = st.lists(st.tuples(st.integers(0, DAY - 1), st.integers(1, DAY)), min_size=1, max_size=3)
moments = st.sampled_from([(zone, day) for zone, days in CLOCK_CHANGES.items() for day in days]).flatmap(
    lambda at: st.tuples(
        st.just(at[0]), st.integers(-36 * 60, 36 * 60).map(lambda m: datetime(*at[1], tzinfo=UTC) + m * MINUTE)
    )
)


def written(spans):
    """The spans, of (first minute of the day, length in minutes), in OpenStreetMap's syntax."""
    times = [f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}" for begin, end in ends(spans)]
    return f"Mo-Su {','.join(times)}"


def ends(spans):
    return [(begin, begin + length) for begin, length in spans]


def local_time(spans, zone, at):
    """Whether a span has what the wall's clock shows; those of the day before may last beyond midnight."""
    local = at.astimezone(zone)
    minute = local.hour * 60 + local.minute
    return any(begin <= now < end for begin, end in ends(spans) for now in (minute, minute + DAY))


def first_change(spans, zone, at, within):
    state = local_time(spans, zone, at)
    ahead = (at + number * MINUTE for number in range(1, int(within / MINUTE) + 1))
    return next((moment for moment in ahead if local_time(spans, zone, moment) != state), None)


def opening(said, time_zone, at, country="BE"):
    return hours.opening_status(said, time_zone=time_zone, country=country, at=at)


class TestOpeningStatus:
    @given(spans, moments)
    def test_follows_the_local_time(self, spans, place):
        time_zone, at = place
        zone, within = ZoneInfo(time_zone), timedelta(hours=50)
        found = opening(written(spans), time_zone, at)
        assert found.state == ("open" if local_time(spans, zone, at) else "closed")
        change = first_change(spans, zone, at, within)
        if change is None:
            assert found.changes_at is None or found.changes_at > at + within
        else:
            assert found.changes_at == change

    def test_leaves_out_a_skipped_hour(self):
        said, zone = "02:10-02:50", ZoneInfo("Europe/Berlin")
        found = opening(said, "Europe/Berlin", datetime(2026, 3, 28, 12, tzinfo=zone))
        assert found.changes_at == datetime(2026, 3, 30, 2, 10, tzinfo=zone)

    def test_repeats_in_a_repeated_hour(self):
        said, at, found = "02:10-02:50", datetime(2026, 10, 24, 23, 59, tzinfo=UTC), []
        while len(found) < 4:
            at = opening(said, "Europe/Berlin", at).changes_at
            found.append(at.strftime("%H:%M"))
        assert found == ["00:10", "00:50", "01:10", "01:50"]

    def test_opens_after_a_skipped_midnight(self):
        found = opening("00:00-04:00", "Asia/Beirut", datetime(2026, 3, 28, 20, tzinfo=UTC))
        assert found.changes_at == datetime(2026, 3, 28, 22, tzinfo=UTC)

    def test_depends_on_the_time_zone(self):
        at = datetime(2026, 11, 27, 9, tzinfo=UTC)
        states = {zone: opening("Mo-Fr 09:00-18:00", zone, at).state for zone in CLOCK_CHANGES}
        assert states["Europe/Berlin"] == states["Asia/Kolkata"] == "open"
        assert states["America/New_York"] == "closed"

    @pytest.mark.parametrize(("country", "state"), [("BE", "closed"), ("US", "open"), ("ZZ", "open")])
    def test_knows_the_countrys_public_holidays(self, country, state):
        national_day = datetime(2026, 7, 21, 10, tzinfo=UTC)
        assert opening("Mo-Su 09:00-18:00; PH off", "Europe/Brussels", national_day, country).state == state

    @pytest.mark.parametrize("said", ["24/7", "off"])
    def test_has_no_change_when_always_open(self, said):
        assert opening(said, "Europe/Berlin", datetime(2026, 11, 27, tzinfo=UTC)).changes_at is None

    def test_looks_a_year_ahead(self):
        at = datetime(2026, 11, 27, tzinfo=UTC)
        assert opening("2027 Nov 20", "UTC", at).changes_at == datetime(2027, 11, 20, tzinfo=UTC)
        assert opening("2028 Jan 1", "UTC", at).changes_at is None
        assert LOOK_AHEAD.days == 366

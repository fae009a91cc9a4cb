"""Times that operators give on the command line."""

from datetime import UTC, datetime

import pytest

from ops.commands.times import past_time


class TestPastTime:
    @pytest.mark.parametrize(
        ("text", "time"),
        [
            ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
            ("2026-01-02T10:00", datetime(2026, 1, 2, 10, tzinfo=UTC)),
            ("2026-01-02T10:00:30Z", datetime(2026, 1, 2, 10, 0, 30, tzinfo=UTC)),
            ("2026-01-02T10:00+02:00", datetime(2026, 1, 2, 8, tzinfo=UTC)),
        ],
    )
    def test_is_in_utc_unless_it_names_another_offset(self, text, time):
        assert past_time(text) == time
        assert past_time(text).tzinfo is UTC

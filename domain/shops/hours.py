"""When a location is open: its opening hours applied to its local time.

A location is open at a moment if its opening hours say so for the local time. So an hour that is skipped when daylight
saving time starts does not exist, and an hour that is repeated when it ends counts twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.shops.opening_hours import LOOK_AHEAD, OpeningHours, State

MAX_LENGTH = 500
"""Characters of an expression."""


@dataclass(frozen=True, slots=True)
class OpeningStatus:
    """Whether a location is open at a moment, the comment on it, and when the state changes.

    `changes_at` is in UTC, and None if the state does not change within LOOK_AHEAD.
    """

    state: State
    comment: str
    changes_at: datetime | None


def opening_status(
    expression: str, *, exceptions: Sequence[dict[str, Any]] = (), time_zone: str, country: str, at: datetime
) -> OpeningStatus:
    """Return whether a location in this time zone is open at a moment.

    `exceptions` have the format of Location.exceptions; `country` (ISO 3166-1 alpha-2) determines the public holidays
    (`PH`). Raises InvalidOpeningHours.
    """
    opening_hours, zone = OpeningHours(expression, exceptions=exceptions, country=country), ZoneInfo(time_zone)
    state, comment = opening_hours.state(_local_time(at, zone))
    return OpeningStatus(state, comment, _next_change(opening_hours, zone, at))


def _next_change(opening_hours: OpeningHours, zone: ZoneInfo, at: datetime) -> datetime | None:
    """Return the first moment after `at` at which the state changes, from open to closed for example.

    Local time runs evenly between two changes of the offset from UTC, so each such interval is searched separately.
    """
    state, moment, end = (
        opening_hours.state(_local_time(at, zone))[0],
        at.astimezone(UTC),
        at.astimezone(UTC) + LOOK_AHEAD,
    )
    while moment < end:
        local = _local_time(moment, zone)
        change = opening_hours.next_change(local)
        ahead = end - moment if change is None else min(end - moment, change - local)
        moment = _until_clocks_change(zone, moment, moment + ahead)
        if opening_hours.state(_local_time(moment, zone))[0] != state:
            return moment
    return None


def _until_clocks_change(zone: ZoneInfo, begin: datetime, end: datetime) -> datetime:
    """Return the first moment after `begin` with another offset from UTC, to the second, or else `end`."""
    offset, unchanged_until = begin.astimezone(zone).utcoffset(), begin
    while unchanged_until < end:
        step = min(unchanged_until + timedelta(days=1), end)
        if step.astimezone(zone).utcoffset() != offset:
            while step - unchanged_until > timedelta(seconds=1):
                middle = unchanged_until + (step - unchanged_until) // 2
                unchanged_until, step = (
                    (middle, step) if middle.astimezone(zone).utcoffset() == offset else (unchanged_until, middle)
                )
            return step.replace(microsecond=0)
        unchanged_until = step
    return end


def _local_time(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)

"""When a place is open: its schedule, read by the clock on its wall.

A place is open whenever that clock shows a time at which it is. So an hour that is skipped when clocks are put forward
passes in no time, and one that is repeated when they are put back counts twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.shops.schedule import LOOK_AHEAD, Schedule, State

LONGEST = 500
"""Characters of an expression."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether a place is open at a moment, what is said about it, and when that changes.

    `changes_at` is UTC, and None where nothing changes within LOOK_AHEAD.
    """

    state: State
    comment: str
    changes_at: datetime | None


def opening(
    expression: str, *, exceptions: Sequence[dict[str, Any]] = (), time_zone: str, country: str, at: datetime
) -> Opening:
    """Whether the place in that time zone is open at that moment.

    `exceptions` are as Location has them; `country` (ISO 3166-1 alpha-2) says which days are public holidays (`PH`).
    Raises Unreadable.
    """
    schedule, zone = Schedule(expression, exceptions=exceptions, country=country), ZoneInfo(time_zone)
    state, comment = schedule.state(_wall(at, zone))
    return Opening(state, comment, _next_change(schedule, zone, at))


def _next_change(schedule: Schedule, zone: ZoneInfo, at: datetime) -> datetime | None:
    """The first moment behind `at` at which the wall's clock shows a time of another state.

    The wall's clock goes on evenly in stretches in which nobody puts it forward or back.
    """
    state, seen, end = schedule.state(_wall(at, zone))[0], at.astimezone(UTC), at.astimezone(UTC) + LOOK_AHEAD
    while seen < end:
        wall = _wall(seen, zone)
        change = schedule.next_change(wall)
        ahead = end - seen if change is None else min(end - seen, change - wall)
        seen = _until_clocks_change(zone, seen, seen + ahead)
        if schedule.state(_wall(seen, zone))[0] != state:
            return seen
    return None


def _until_clocks_change(zone: ZoneInfo, begin: datetime, end: datetime) -> datetime:
    """The first moment behind `begin` whose offset from UTC is another, to the second; or else the end."""
    offset, sure = begin.astimezone(zone).utcoffset(), begin
    while sure < end:
        step = min(sure + timedelta(days=1), end)
        if step.astimezone(zone).utcoffset() != offset:
            while step - sure > timedelta(seconds=1):
                middle = sure + (step - sure) // 2
                sure, step = (middle, step) if middle.astimezone(zone).utcoffset() == offset else (sure, middle)
            return step.replace(microsecond=0)
        sure = step
    return end


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)

"""When a place is open: OpenStreetMap's opening hours, read by the clock on its wall.

A place is open whenever that clock shows a time at which it is. So an hour that is skipped when clocks are put forward
passes in no time, and one that is repeated when they are put back counts twice.
Syntax: https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours, ParserError, UnknownCountryError  # type: ignore[attr-defined] # not in its stub

State = Literal["open", "closed", "unknown"]

LONGEST = 500
"""Characters of an expression."""
LOOK_AHEAD = timedelta(days=366)
"""How far a change is looked for."""
TIMES = "[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}(, ?[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2})*"
"""Hours of a single day, as exceptions have them."""


class Unreadable(ValueError):
    """These are no opening hours in OpenStreetMap's syntax."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether a place is open at a moment, what is said about it, and when that changes.

    `changes_at` is UTC, and None where nothing changes within LOOK_AHEAD.
    """

    state: State
    comment: str
    changes_at: datetime | None


def refuse_unreadable(hours: str) -> None:
    """Raise Unreadable unless these are opening hours."""
    _read(hours, None)


def with_exceptions(hours: str, exceptions: Sequence[dict[str, Any]]) -> str:
    """The one expression for both: what is said later of a day counts. Raises Unreadable for odd exceptions."""
    return "; ".join([hours, *(_rule(**each) for each in exceptions)])


def opening(expression: str, *, time_zone: str, country: str, at: datetime) -> Opening:
    """Whether the place in that time zone is open at that moment.

    `country` (ISO 3166-1 alpha-2) says which days are public holidays (`PH`).
    """
    hours, zone = _read(expression, country), ZoneInfo(time_zone)
    state, comment = hours.state(_wall(at, zone))
    return Opening(str(state), comment, _next_change(hours, zone, at))  # type: ignore[arg-type]


def _next_change(hours: OpeningHours, zone: ZoneInfo, at: datetime) -> datetime | None:
    """The first moment behind `at` at which the wall's clock shows a time of another state.

    The library, asked for it in a time zone, is off by hours where clocks are put forward or back in between; so it is
    asked for stretches without that.
    """
    state, seen, end = hours.state(_wall(at, zone))[0], at.astimezone(UTC), at.astimezone(UTC) + LOOK_AHEAD
    while seen < end:
        wall = _wall(seen, zone)
        change = hours.next_change(wall)
        ahead = end - seen if change is None else min(end - seen, change - wall)
        seen = _until_clocks_change(zone, seen, seen + ahead)
        if hours.state(_wall(seen, zone))[0] != state:
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


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _rule(first_day: str, last_day: str, hours: str | None, reason: str | None = None) -> str:
    if hours is not None and not re.fullmatch(TIMES, hours):
        raise Unreadable
    days = "-".join(_day(date.fromisoformat(day)) for day in dict.fromkeys((first_day, last_day)))
    said = (reason or "").replace('"', "'")
    return f"{days} {f'{hours} open' if hours else 'off'}" + (f' "{said}"' if said else "")


def _day(day: date) -> str:
    return f"{day.year} {_MONTHS[day.month - 1]} {day.day:02}"


@lru_cache(maxsize=1000)
def _read(expression: str, country: str | None) -> OpeningHours:
    try:
        return OpeningHours(expression, country=country, max_interval_days=LOOK_AHEAD.days)
    except UnknownCountryError:  # one whose holidays the library does not know
        return _read(expression, None)
    except ParserError:
        raise Unreadable from None

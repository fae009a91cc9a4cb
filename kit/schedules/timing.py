"""When a schedule runs: at a fixed interval, or once a day at a local time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_HOUR, _MINUTE, _SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
_UNITS = (("day", _DAY), ("hour", _HOUR), ("minute", _MINUTE), ("second", _SECOND))


class Timing(Protocol):
    """The times at which a schedule runs."""

    @property
    def period(self) -> timedelta:
        """The usual time between two runs."""

    def next_after(self, moment: datetime) -> datetime:
        """The first time (UTC) later than this aware moment."""


@dataclass(frozen=True, slots=True)
class Every:
    """Runs at multiples of the interval, counted from 1970-01-01 UTC, so that a late run does not move the next one."""

    interval: timedelta

    @property
    def period(self) -> timedelta:
        """The interval."""
        return self.interval

    def next_after(self, moment: datetime) -> datetime:
        """The first multiple of the interval later than this moment."""
        return _EPOCH + ((moment - _EPOCH) // self.interval + 1) * self.interval

    def __str__(self) -> str:
        unit, length = next((unit, length) for unit, length in _UNITS if not self.interval % length)
        number = self.interval // length
        return f"every {unit}" if number == 1 else f"every {number} {unit}s"


@dataclass(frozen=True, slots=True)
class Daily:
    """Runs once on each local date.

    As in RFC 5545 (section 3.3.5), a local time that a change of the clocks skips is read with the offset before the
    change, 02:30 as 03:30 for example, and of a local time that occurs twice the first one counts.
    """

    at: time
    zone: ZoneInfo

    @property
    def period(self) -> timedelta:
        """A day."""
        return _DAY

    def next_after(self, moment: datetime) -> datetime:
        """The first run later than this moment."""
        # A run may be a local date later than its own, after a change of the clocks around midnight.
        yesterday = moment.astimezone(self.zone).date() - _DAY
        return min(run for run in (self._run_on(yesterday + days * _DAY) for days in range(4)) if run > moment)

    def _run_on(self, day: date) -> datetime:
        return datetime.combine(day, self.at, self.zone).astimezone(UTC)

    def __str__(self) -> str:
        return f"daily at {self.at:%H:%M} {self.zone.key}"


def every(*, days: int = 0, hours: int = 0, minutes: int = 0, seconds: int = 0) -> Every:
    """Run at this interval, a second or more. Raises ValueError for a shorter one."""
    interval = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if interval < _SECOND:
        raise ValueError("the interval of a schedule is a second or more")
    return Every(interval)


def daily(*, at: time, zone: str) -> Daily:
    """Run once a day at this local time in this IANA time zone. Raises ValueError for an unknown zone."""
    if at.tzinfo:
        raise ValueError("give the local time of a schedule without a time zone: it has the argument `zone`")
    try:
        return Daily(at, ZoneInfo(zone))
    except KeyError as unknown:
        raise ValueError(f"no time zone is called '{zone}'") from unknown

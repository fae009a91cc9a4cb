"""Opening hours by the clock on the wall: rules in OpenStreetMap's syntax, and days that are exceptions from them.

The hours of a day are those that begin on it, however far they last into the next: a rule or exception for a day
changes nothing of the evening before. The library reads the syntax and says on which days a rule holds. Which rule
counts is decided here, as the library (2.1.4) takes hours after midnight for the next day's.
Syntax: https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification
"""

import calendar
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any, Literal

from opening_hours import OpeningHours, ParserError, UnknownCountryError  # type: ignore[attr-defined] # not in its stub

State = Literal["open", "closed", "unknown"]
Said = tuple[State, str]
"""A state, and the comment on it."""

LOOK_AHEAD = timedelta(days=366)
"""How far a change is looked for."""
DAY = 24 * 60
"""Minutes."""
_WEIGHT: dict[str, int] = {"closed": 0, "unknown": 1, "open": 2}
"""Which state counts where the hours of two days meet."""


class Unreadable(ValueError):
    """These are no opening hours in OpenStreetMap's syntax, such as Mo-Fr 09:00-18:00; Sa 10:00-14:00; PH off."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is said of some days; `spans` are minutes since a day's beginning, and may end on the day after."""

    separator: str
    """`;` replaces what was said of the day before it, `,` adds to it, `||` counts where nothing else was said."""
    days: OpeningHours | None
    """Open on the days of the rule; None: on every day."""
    spans: tuple[tuple[int, int], ...]
    said: Said

    def holds(self, day: date) -> bool:
        """Whether the rule is about this day."""
        return self.days is None or bool(self.days.is_open(datetime.combine(day, time(12))))

    @property
    def replaces(self) -> bool:
        """Whether nothing else counts on its days; closed hours only take something away."""
        closes_hours = self.said[0] == "closed" and self.spans != WHOLE_DAY
        return self.separator == ";" and not closes_hours


WHOLE_DAY = ((0, DAY),)


class Schedule:
    """The opening hours of a place.

    `expression` is in OpenStreetMap's syntax; `exceptions` are as Location has them, and the last one of a day counts;
    `country` (ISO 3166-1 alpha-2) says which days are public holidays. Raises Unreadable.
    """

    def __init__(
        self, expression: str, *, exceptions: Sequence[dict[str, Any]] = (), country: str | None = None
    ) -> None:
        _refuse_impossible_dates(str(_read(expression, None)))
        self._rules = [_rule(separator, text, country) for separator, text in _split(expression)]
        self._exceptions = [_exception(**each) for each in exceptions]
        self._on = cache(self._rules_of)

    def state(self, wall: datetime) -> Said:
        """What is said of the moment at which the wall's clock shows this."""
        day = wall.date()
        hours = _hours(self._on(day), self._on(day - timedelta(days=1)))
        return next(said for minute, said in reversed(hours) if minute <= wall.hour * 60 + wall.minute)

    def next_change(self, wall: datetime) -> datetime | None:
        """The first time on the wall at which there is another state; None if there is none within LOOK_AHEAD."""
        state, day = self.state(wall)[0], wall.date()
        for _ in range(LOOK_AHEAD.days + 1):
            for minute, said in _hours(self._on(day), self._on(day - timedelta(days=1))):
                moment = datetime.combine(day, time()) + timedelta(minutes=minute)
                if moment > wall and said[0] != state:
                    return moment
            day += timedelta(days=1)
        return None

    def _rules_of(self, day: date) -> list[Rule]:
        """The rules that count on this day."""
        for first, last, rule in reversed(self._exceptions):
            if first <= day <= last:
                return [rule]
        rules: list[Rule] = []
        for rule in self._rules:
            if rule.holds(day):
                rules = [rule] if rule.replaces else [*rules, rule]
        return rules


def _hours(today: list[Rule], before: list[Rule]) -> list[tuple[int, Said]]:
    """What is said of a day from each of these minutes on, by its own rules and by those of the day before."""
    changes = {0} | {minute for rule in today for span in rule.spans for minute in span}
    changes |= {minute - DAY for rule in before for span in rule.spans for minute in span}
    return [
        (minute, _strongest(_said(today, minute), _said(before, minute + DAY)))
        for minute in sorted(changes)
        if 0 <= minute < DAY
    ]


def _said(rules: list[Rule], minute: int) -> Said | None:
    said: Said | None = None
    for rule in rules:
        if any(begin <= minute < end for begin, end in rule.spans) and not (said and rule.separator == "||"):
            said = rule.said
    return said


def _strongest(*said: Said | None) -> Said:
    return max(filter(None, said), key=lambda each: _WEIGHT[each[0]], default=("closed", ""))


def _read(expression: str, country: str | None) -> OpeningHours:
    try:
        return OpeningHours(expression, country=country)
    except UnknownCountryError:  # one whose holidays the library does not know
        return _read(expression, None)
    except ParserError:
        raise Unreadable(Unreadable.__doc__) from None


_COMMENT = re.compile('"[^"]*"')
_DATE = re.compile(r"(?:(\d{4}) )?(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{1,2})(?![:\d])")
_LEAP_YEAR = 2000


def _refuse_impossible_dates(expression: str) -> None:
    for year, month, day in _DATE.findall(_COMMENT.sub("", expression)):
        number = list(calendar.month_abbr).index(month)
        if not 1 <= int(day) <= calendar.monthrange(int(year or _LEAP_YEAR), number)[1]:
            raise Unreadable(f"There is no {' '.join(filter(None, (year, month, day)))}.")


_EVENTS = {"dawn": 6 * 60, "sunrise": 7 * 60, "sunset": 19 * 60, "dusk": 20 * 60}
"""Minutes; the library's, for places whose coordinates nobody knows."""
_CLOCK = r"\d{1,2}:\d{2}"
_EVENT = rf"(?:{'|'.join(_EVENTS)})"
_POINT = rf"(?:{_CLOCK}|{_EVENT}|\(\s*{_EVENT}\s*[+-]\s*{_CLOCK}\s*\))"
_TIME = re.compile(_POINT, re.IGNORECASE)
_SPAN = re.compile(rf"\s*({_POINT})\s*(?:-\s*({_POINT})\s*)?\+?\s*(?:/\s*{_CLOCK}\s*)?", re.IGNORECASE)
_STATE = re.compile(r"\b(open|closed|off|unknown)\s*$", re.IGNORECASE)
_TOKEN = re.compile(r'"[^"]*"|\[[^]]*\]|\|\||[;,]|[^"\[|;,]+|.')
_END = re.compile(r'("|24/7|\b(open|closed|off|unknown))\s*$', re.IGNORECASE)
"""Behind it a comma begins another rule; behind a time it does so unless another time follows."""
_TIME_NEXT = re.compile(rf"\s*{_POINT}", re.IGNORECASE)


def _split(expression: str) -> Iterator[tuple[str, str]]:
    """The rules, each with the separator before it."""
    separator, rule = ";", ""
    for token in _TOKEN.finditer(expression):
        text = token[0]
        has_ended = _END.search(rule) or (_TIME.search(rule) and not _TIME_NEXT.match(expression, token.end()))
        if text in {";", "||"} or (text == "," and has_ended):
            yield separator, rule
            separator, rule = text, ""
        else:
            rule += text
    yield separator, rule


def _rule(separator: str, text: str, country: str | None) -> Rule:
    body, _, comment = text.partition('"')
    comment = comment.rpartition('"')[0]
    stated = _STATE.search(body)
    if stated:
        body = body[: stated.start()]
    days, hours = _days_and_hours(body)
    word = stated[1].lower() if stated else "unknown" if comment and not hours else "open"
    state: State = "closed" if word == "off" else word  # type: ignore[assignment] # of _STATE
    selector = days.strip().removesuffix(":").strip()
    spans = tuple(map(_span, hours.split(","))) if hours and hours.strip() != "24/7" else WHOLE_DAY
    return Rule(separator, _read(selector, country) if selector else None, spans, (state, comment))


def _days_and_hours(body: str) -> tuple[str, str]:
    begin = _TIME.search(body) or re.search("24/7", body)
    return (body[: begin.start()], body[begin.start() :]) if begin else (body, "")


def _span(text: str) -> tuple[int, int]:
    found = _SPAN.fullmatch(text)
    if not found:
        raise Unreadable(Unreadable.__doc__)
    begin, end = _minute(found[1]), _minute(found[2]) if found[2] else DAY
    return begin, end if end > begin else end + DAY


def _minute(point: str) -> int:
    """Since the day's beginning, of a time such as 18:00, sunset or (sunset+01:30)."""
    event = re.search(_EVENT, point.lower())
    clock = re.search(_CLOCK, point)
    hours, minutes = map(int, clock[0].split(":")) if clock else (0, 0)
    sign = -1 if "-" in point else 1
    return (_EVENTS[event[0]] if event else 0) + sign * (hours * 60 + minutes)


TIMES = "[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}(, ?[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2})*"
"""Hours of a single day, as exceptions have them."""


def _exception(first_day: str, last_day: str, hours: str | None, reason: str | None = None) -> tuple[date, date, Rule]:
    if hours is not None and not re.fullmatch(TIMES, hours):
        raise Unreadable("Hours of a day are such as 10:00-14:00, or null for closed.")
    said: Said = ("open" if hours else "closed", reason or "")
    if hours:
        _read(hours, None)  # which knows what an hour is
    spans = tuple(map(_span, hours.split(","))) if hours else WHOLE_DAY
    return date.fromisoformat(first_day), date.fromisoformat(last_day), Rule(";", None, spans, said)

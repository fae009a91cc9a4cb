"""Opening hours in local time: rules in OpenStreetMap's syntax, and exceptions for single days.

Hours belong to the day on which they begin, even if they end on the next day: a rule or exception for a day does not
affect the evening before. The library parses the syntax and says on which days a rule applies. This module decides
which rule takes precedence, because the library (2.1.4) counts hours after midnight as the next day's.

Syntax: https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification
"""

import calendar
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any, Literal

from opening_hours import OpeningHours as ParsedHours
from opening_hours import ParserError, UnknownCountryError  # type: ignore[attr-defined] # not in its stub

State = Literal["open", "closed", "unknown"]
Status = tuple[State, str]
"""A state, and the comment on it."""

LOOK_AHEAD = timedelta(days=366)
"""How far ahead a change of state is searched."""
DAY = 24 * 60
"""Minutes."""
_PRECEDENCE: dict[str, int] = {"closed": 0, "unknown": 1, "open": 2}
"""Where the hours of two days overlap, the state with the higher number applies."""


class InvalidOpeningHours(ValueError):
    """Opening hours must have OpenStreetMap's syntax, as in Mo-Fr 09:00-18:00; Sa 10:00-14:00; PH off."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The status of some days. `spans` are (begin, end) in minutes since midnight, and may end on the next day."""

    separator: str
    """`;` replaces earlier rules for the day, `,` adds to them, `||` is a fallback where no other rule applies."""
    days: ParsedHours | None
    """Opening hours that are open on the days of the rule; None for every day."""
    spans: tuple[tuple[int, int], ...]
    status: Status

    def applies_on(self, day: date) -> bool:
        """Check whether the rule applies to this day."""
        return self.days is None or bool(self.days.is_open(datetime.combine(day, time(12))))

    @property
    def replaces(self) -> bool:
        """Whether the rule replaces earlier rules for its days. Rules that only close some hours do not."""
        closes_hours = self.status[0] == "closed" and self.spans != WHOLE_DAY
        return self.separator == ";" and not closes_hours


WHOLE_DAY = ((0, DAY),)
"""The spans of a rule without hours: 0:00 to 24:00."""


class OpeningHours:
    """The opening hours of a location.

    `expression` has OpenStreetMap's syntax. `exceptions` have the format of Location.exceptions; the last one for a day
    applies. `country` (ISO 3166-1 alpha-2) determines the public holidays. Raises InvalidOpeningHours.
    """

    def __init__(
        self, expression: str, *, exceptions: Sequence[dict[str, Any]] = (), country: str | None = None
    ) -> None:
        _refuse_impossible_dates(str(_parse(expression, None)))
        self._rules = [_rule(separator, text, country) for separator, text in _split(expression)]
        self._exceptions = [_exception(**each) for each in exceptions]
        self._rules_on = cache(self._rules_of)

    def state(self, local: datetime) -> Status:
        """Return the status at a local time."""
        day = local.date()
        hours = _hours(self._rules_on(day), self._rules_on(day - timedelta(days=1)))
        return next(status for minute, status in reversed(hours) if minute <= local.hour * 60 + local.minute)

    def next_change(self, local: datetime) -> datetime | None:
        """Return the first local time with another state; None if there is none within LOOK_AHEAD."""
        state, day = self.state(local)[0], local.date()
        for _ in range(LOOK_AHEAD.days + 1):
            for minute, status in _hours(self._rules_on(day), self._rules_on(day - timedelta(days=1))):
                moment = datetime.combine(day, time()) + timedelta(minutes=minute)
                if moment > local and status[0] != state:
                    return moment
            day += timedelta(days=1)
        return None

    def _rules_of(self, day: date) -> list[Rule]:
        """Return the rules that apply to this day."""
        for first, last, rule in reversed(self._exceptions):
            if first <= day <= last:
                return [rule]
        rules: list[Rule] = []
        for rule in self._rules:
            if rule.applies_on(day):
                rules = [rule] if rule.replaces else [*rules, rule]
        return rules


def _hours(today: list[Rule], before: list[Rule]) -> list[tuple[int, Status]]:
    """Return (minute, status from then on) for a day, by its rules and by those of the day before."""
    changes = {0} | {minute for rule in today for span in rule.spans for minute in span}
    changes |= {minute - DAY for rule in before for span in rule.spans for minute in span}
    return [
        (minute, _dominant(_status_at(today, minute), _status_at(before, minute + DAY)))
        for minute in sorted(changes)
        if 0 <= minute < DAY
    ]


def _status_at(rules: list[Rule], minute: int) -> Status | None:
    status: Status | None = None
    for rule in rules:
        if any(begin <= minute < end for begin, end in rule.spans) and not (status and rule.separator == "||"):
            status = rule.status
    return status


def _dominant(*statuses: Status | None) -> Status:
    return max(filter(None, statuses), key=lambda each: _PRECEDENCE[each[0]], default=("closed", ""))


def _parse(expression: str, country: str | None) -> ParsedHours:
    try:
        return ParsedHours(expression, country=country)
    except UnknownCountryError:  # the library does not know its holidays
        return _parse(expression, None)
    except ParserError:
        raise InvalidOpeningHours(InvalidOpeningHours.__doc__) from None


_COMMENT_PATTERN = re.compile('"[^"]*"')
_DATE_PATTERN = re.compile(r"(?:(\d{4}) )?(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{1,2})(?![:\d])")
_LEAP_YEAR = 2000


def _refuse_impossible_dates(expression: str) -> None:
    for year, month, day in _DATE_PATTERN.findall(_COMMENT_PATTERN.sub("", expression)):
        number = list(calendar.month_abbr).index(month)
        if not 1 <= int(day) <= calendar.monthrange(int(year or _LEAP_YEAR), number)[1]:
            raise InvalidOpeningHours(f"There is no {' '.join(filter(None, (year, month, day)))}.")


_EVENTS = {"dawn": 6 * 60, "sunrise": 7 * 60, "sunset": 19 * 60, "dusk": 20 * 60}
"""Minutes since midnight, as the library assumes them without coordinates."""
_CLOCK = r"\d{1,2}:\d{2}"
_EVENT = rf"(?:{'|'.join(_EVENTS)})"
_POINT = rf"(?:{_CLOCK}|{_EVENT}|\(\s*{_EVENT}\s*[+-]\s*{_CLOCK}\s*\))"
_TIME_PATTERN = re.compile(_POINT, re.IGNORECASE)
_SPAN_PATTERN = re.compile(rf"\s*({_POINT})\s*(?:-\s*({_POINT})\s*)?\+?\s*(?:/\s*{_CLOCK}\s*)?", re.IGNORECASE)
_STATE_PATTERN = re.compile(r"\b(open|closed|off|unknown)\s*$", re.IGNORECASE)
_TOKEN_PATTERN = re.compile(r'"[^"]*"|\[[^]]*\]|\|\||[;,]|[^"\[|;,]+|.')
_RULE_END_PATTERN = re.compile(r'("|24/7|\b(open|closed|off|unknown))\s*$', re.IGNORECASE)
"""A comma after this begins another rule. After a time, it does so unless another time follows."""
_NEXT_TIME_PATTERN = re.compile(rf"\s*{_POINT}", re.IGNORECASE)


def _split(expression: str) -> Iterator[tuple[str, str]]:
    """Split an expression into its rules, each with the separator before it."""
    separator, rule = ";", ""
    for token in _TOKEN_PATTERN.finditer(expression):
        text = token[0]
        next_is_time = _NEXT_TIME_PATTERN.match(expression, token.end())
        has_ended = _RULE_END_PATTERN.search(rule) or (_TIME_PATTERN.search(rule) and not next_is_time)
        if text in {";", "||"} or (text == "," and has_ended):
            yield separator, rule
            separator, rule = text, ""
        else:
            rule += text
    yield separator, rule


def _rule(separator: str, text: str, country: str | None) -> Rule:
    body, _, comment = text.partition('"')
    comment = comment.rpartition('"')[0]
    stated = _STATE_PATTERN.search(body)
    if stated:
        body = body[: stated.start()]
    days, hours = _days_and_hours(body)
    word = stated[1].lower() if stated else "unknown" if comment and not hours else "open"
    state: State = "closed" if word == "off" else word  # type: ignore[assignment] # of _STATE_PATTERN
    selector = days.strip().removesuffix(":").strip()
    spans = tuple(map(_span, hours.split(","))) if hours and hours.strip() != "24/7" else WHOLE_DAY
    return Rule(separator, _parse(selector, country) if selector else None, spans, (state, comment))


def _days_and_hours(body: str) -> tuple[str, str]:
    begin = _TIME_PATTERN.search(body) or re.search("24/7", body)
    return (body[: begin.start()], body[begin.start() :]) if begin else (body, "")


def _span(text: str) -> tuple[int, int]:
    match = _SPAN_PATTERN.fullmatch(text)
    if not match:
        raise InvalidOpeningHours(InvalidOpeningHours.__doc__)
    begin, end = _minutes(match[1]), _minutes(match[2]) if match[2] else DAY
    return begin, end if end > begin else end + DAY


def _minutes(time: str) -> int:
    """Return the minutes since midnight of a time such as 18:00, sunset or (sunset+01:30)."""
    event = re.search(_EVENT, time.lower())
    clock = re.search(_CLOCK, time)
    hours, minutes = map(int, clock[0].split(":")) if clock else (0, 0)
    sign = -1 if "-" in time else 1
    return (_EVENTS[event[0]] if event else 0) + sign * (hours * 60 + minutes)


TIME_SPANS = "[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}(, ?[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2})*"
"""Pattern of the hours of an exception."""


def _exception(first_day: str, last_day: str, hours: str | None, reason: str | None = None) -> tuple[date, date, Rule]:
    if hours is not None and not re.fullmatch(TIME_SPANS, hours):
        raise InvalidOpeningHours("Give the hours of a day as in 10:00-14:00, or null for closed.")
    status: Status = ("open" if hours else "closed", reason or "")
    if hours:
        _parse(hours, None)  # raises for impossible times such as 25:00
    spans = tuple(map(_span, hours.split(","))) if hours else WHOLE_DAY
    return date.fromisoformat(first_day), date.fromisoformat(last_day), Rule(";", None, spans, status)

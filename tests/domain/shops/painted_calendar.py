"""Rules and exceptions of opening hours, and a calendar that says of every minute what they mean."""

from datetime import date, timedelta

from hypothesis import strategies as st

WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAY, DAYS = 24 * 60, 10
FIRST_DAYS = (date(2026, 2, 24), date(2027, 12, 24), date(2028, 2, 24))
"""Of the days that are looked at: about the end of a February, of a year, and of a February in a leap year."""

spans = st.tuples(st.integers(0, DAY - 1), st.integers(1, DAY)).map(lambda span: (span[0], span[0] + span[1]))
weekdays = st.tuples(st.integers(0, 6), st.integers(0, 6))
dates = st.tuples(st.sampled_from([(2, 28), (2, 29), (3, 1), (12, 24), (12, 25), (12, 31), (1, 1)]), st.integers(0, 9))
rules = st.fixed_dictionaries(
    {
        "separator": st.sampled_from(["; ", ", ", " || "]),
        "weekdays": st.none() | weekdays,
        "dates": st.none() | dates,
        "spans": st.lists(spans, max_size=2),
        "state": st.sampled_from(["", "open", "off", "unknown"]),
        "comment": st.sampled_from(["", "ring; twice, or || shout"]),
    }
)
exceptions = st.fixed_dictionaries(
    {
        "day": st.integers(-1, DAYS),
        "length": st.integers(0, 2),
        "hours": st.none() | st.lists(spans, min_size=1, max_size=2),
        "reason": st.sampled_from([None, "Christmas"]),
    }
)


def clock(span):
    begin, end = span
    return f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"


def last_date(month_and_day, length):
    """The date this number of days later, in a leap year; a date of the next year is written without its year, too."""
    last = date(2028, *month_and_day) + timedelta(days=length)
    return last.month, last.day


def written(rule):
    """The rule in OpenStreetMap's syntax."""
    parts = []
    if rule["dates"]:
        first, last = rule["dates"][0], last_date(*rule["dates"])
        parts.append(f"{MONTHS[first[0] - 1]} {first[1]:02}-{MONTHS[last[0] - 1]} {last[1]:02}")
    if rule["weekdays"]:
        parts.append("-".join(WEEKDAYS[day] for day in rule["weekdays"]))
    hours = ",".join(map(clock, rule["spans"]))
    state = rule["state"] or ("" if hours or rule["comment"] else "open")
    parts += [hours, state, rule["comment"] and f'"{rule["comment"]}"']
    if not (rule["dates"] or rule["weekdays"]):
        parts.insert(0, "Mo-Su")  # a comma between times adds a span to the rule before
    return " ".join(filter(None, parts))


def is_about(rule, day):
    if rule["dates"]:
        first, last, here = rule["dates"][0], last_date(*rule["dates"]), (day.month, day.day)
        if not (first <= here <= last if first <= last else here >= first or here <= last):
            return False
    if rule["weekdays"]:
        first, last = rule["weekdays"]
        return (day.weekday() - first) % 7 <= (last - first) % 7
    return True


def meant(rule):
    if rule["state"] == "off":
        return "closed"
    return rule["state"] or ("unknown" if rule["comment"] and not rule["spans"] else "open")


def painted(rules, exceptions, first):
    """What is said of each minute from the first day on, of which the sheet of the day before is left out."""
    sheets = {}
    for number in range(-1, DAYS):
        sheet, day = {}, first + timedelta(days=number)
        excepted = [e for e in exceptions if e["day"] <= number <= e["day"] + e["length"]]
        if excepted:
            hours, reason = excepted[-1]["hours"], excepted[-1]["reason"] or ""
            paint(sheet, hours or [(0, DAY)], ("open" if hours else "closed", reason))
        for rule in [] if excepted else [rule for rule in rules if is_about(rule, day)]:
            state = meant(rule)
            if rule["separator"] == "; " and not (state == "closed" and rule["spans"]):
                sheet.clear()
            paint(sheet, rule["spans"] or [(0, DAY)], (state, rule["comment"]), only_blank=rule["separator"] == " || ")
        sheets[number] = sheet
    return [
        strongest(sheets[number].get(minute), sheets[number - 1].get(minute + DAY))
        for number in range(DAYS)
        for minute in range(DAY)
    ]


def paint(sheet, spans, said, *, only_blank=False):
    painted = dict.fromkeys((minute for begin, end in spans for minute in range(begin, end)), said)
    sheet.update({**painted, **sheet} if only_blank else painted)


def strongest(today, evening_before):
    for state in ("open", "unknown", "closed"):
        for said in (today, evening_before):
            if said and said[0] == state:
                return said
    return "closed", ""


def as_kept(exception, first):
    """The exception as a location has it."""
    day = first + timedelta(days=exception["day"])
    return {
        "first_day": day.isoformat(),
        "last_day": (day + timedelta(days=exception["length"])).isoformat(),
        "hours": exception["hours"] and ",".join(map(clock, exception["hours"])),
        "reason": exception["reason"],
    }

"""Times on the command line, in UTC."""

from datetime import UTC, datetime

import typer

_EXAMPLES = "such as 2026-11-29 or 2026-11-29T08:00Z"
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


def past_time(text: str) -> datetime:
    """Parse a time in ISO 8601, UTC unless it names another offset; refuse one in the future."""
    from kit import clock  # noqa: PLC0415 - so that `--help` is fast

    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is no time; give a date or a time in UTC, {_EXAMPLES}") from None
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    if not _FIRST <= time <= clock.now():
        raise typer.BadParameter(f"'{text}' is not between 1970 and now; give a date or a time in UTC, {_EXAMPLES}")
    return time


def require_later(time: datetime | None, *, than: datetime, option: str) -> None:
    """Refuse a time of this option that is not later than the time of --since."""
    if time is not None and time <= than:
        raise typer.BadParameter("it must be later than --since", param_hint=f"'{option}'")

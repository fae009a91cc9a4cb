"""The current time. Nothing else reads the system clock for business times."""

from datetime import UTC, datetime


def now() -> datetime:
    """The current time as an aware datetime in UTC."""
    return datetime.now(UTC)

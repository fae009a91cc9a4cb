"""Identifiers: UUIDv7 (RFC 9562), so that keys sort by time and indexes grow at one end."""

from datetime import UTC, datetime
from uuid import UUID, uuid5

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh UUIDv7."""
    return uuid7()


def derived_id(parent: UUID, name: str) -> UUID:
    """The UUIDv5 that always belongs to this parent and name, so that a repeated message keeps its id."""
    return uuid5(parent, name)


def made_at(made_here: UUID) -> datetime:
    """When a UUIDv7 was made (UTC), to the millisecond: RFC 9562, section 5.7."""
    return datetime.fromtimestamp((made_here.int >> 80) / 1000, UTC)

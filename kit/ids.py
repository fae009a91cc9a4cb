"""Identifiers: UUIDv7 (RFC 9562), so that keys sort by time and indexes grow at one end."""

from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid5, uuid7


def new_id() -> UUID:
    """A new UUIDv7."""
    return uuid7()


def derived_id(parent: UUID, name: str) -> UUID:
    """The UUIDv5 of this parent and name: always the same, so that a message that is sent again keeps its id."""
    return uuid5(parent, name)


def first_at(time: datetime) -> UUID:
    """The smallest id of this time (UTC, to the millisecond): ids made earlier are smaller, ids made later are not."""
    return UUID(int=int(time.timestamp() * 1000) << 80)


def created_at(key: UUID) -> datetime:
    """The creation time in a UUIDv7 (UTC, to the millisecond): RFC 9562, section 5.7."""
    return datetime.fromtimestamp((key.int >> 80) / 1000, UTC)

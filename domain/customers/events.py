"""The events of the area customers. Payloads have ids only, no personal data."""

from dataclasses import dataclass
from uuid import UUID

from kit.messaging.events import Event


@dataclass(frozen=True, slots=True)
class CustomerVersion:
    """A customer and its version."""

    customer_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class CustomerUpdated(CustomerVersion):
    """A customer, and the names of the fields that were changed."""

    changed: list[str]


@dataclass(frozen=True, slots=True)
class CustomersMerged(CustomerVersion):
    """A customer, and the guest that was merged into it and no longer exists."""

    merged_customer_id: UUID


CUSTOMER_CREATED = Event("customer.created", CustomerVersion, "A company has a new customer.")
CUSTOMER_UPDATED = Event("customer.updated", CustomerUpdated, "Fields, groups or addresses of a customer were changed.")
CUSTOMER_ERASED = Event(
    "customer.erased", CustomerVersion, "A company has erased the personal data of a guest, also in orders."
)
CUSTOMERS_MERGED = Event("customer.merged", CustomersMerged, "A guest was merged into another customer.")

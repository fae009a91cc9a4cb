"""Creating and changing customers."""

from collections.abc import Collection
from datetime import datetime
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy import select

from domain.customers.errors import CustomerChanged, CustomerEmailTaken, CustomerNotFound
from domain.customers.events import CUSTOMER_CREATED, CUSTOMER_UPDATED, CustomerUpdated, CustomerVersion
from domain.customers.models import Customer
from kit import changes, db
from kit.changes import ChangedColumns
from kit.db.unique import unique_or
from kit.ids import new_id
from kit.messaging import events
from kit.versions import the_locked


class CustomerChanges(TypedDict, total=False):
    """What can be changed of a customer."""

    name: str
    email: str | None
    phone: str | None
    locale: str | None
    vat_id: str | None
    tax_exempt: bool
    tags: list[str]
    note: str
    accepts_marketing: bool


_INSERT_CUSTOMER_OF_USER = """
    INSERT INTO customers (id, company_id, user_id, name, email)
    VALUES (%(id)s, %(company)s, %(user)s, %(name)s, %(email)s)
    ON CONFLICT (company_id, user_id) DO UPDATE SET version = customers.version
    RETURNING id, version"""


def find_or_create_for_user(*, company_id: UUID, user_id: UUID, name: str, email: str) -> UUID:
    """Return the id of the company's record of a user. The first order creates it, with the user's name and email."""
    customer_id = new_id()
    values = {"id": customer_id, "company": company_id, "user": user_id, "name": name, "email": email}
    row = db.run(_INSERT_CUSTOMER_OF_USER, values).fetchone()
    assert row is not None
    found_id: UUID = row[0]
    if found_id == customer_id:
        payload = CustomerVersion(customer_id, row[1])
        events.publish(CUSTOMER_CREATED, payload, subject=customer_id, company_id=company_id, sequence=row[1])
    return found_id


def create(*, company_id: UUID, now: datetime, **values: Unpack[CustomerChanges]) -> Customer:
    """Create a guest. Raises CustomerEmailTaken if the company has another guest with the `email`."""
    changes.refuse_undeclared(values, declared=CustomerChanges)
    decided_at = now if "accepts_marketing" in values else None
    customer = Customer(id=new_id(), company_id=company_id, marketing_decided_at=decided_at, **values)
    db.session().add(customer)
    _flush()
    db.session().refresh(customer)
    events.publish_about(customer, CUSTOMER_CREATED, CustomerVersion(customer.id, customer.version))
    return customer


def change(
    *,
    customer_id: UUID,
    now: datetime,
    expected_versions: Collection[int] | None = None,
    **values: Unpack[CustomerChanges],
) -> Customer:
    """Change the given fields of a customer. Existing orders keep the name and the email that they were placed with.

    Raises CustomerNotFound, CustomerEmailTaken, and CustomerChanged if the customer has none of the expected versions.
    """
    customer = the_locked_customer(customer_id, expected_versions)
    changed = changes.apply_and_announce(
        customer, values, declared=CustomerChanges, event=CUSTOMER_UPDATED, payload=update_payload,
        company_id=customer.company_id,
    )  # fmt: skip
    if "accepts_marketing" in changed.old:
        customer.marketing_decided_at = now
    _flush()
    return customer


def the_locked_customer(customer_id: UUID, expected_versions: Collection[int] | None = None) -> Customer:
    """Lock the customer's row until the transaction ends; raises CustomerNotFound, CustomerChanged."""
    query = select(Customer).where(Customer.id == customer_id)
    return the_locked(query, expected_versions, missing=CustomerNotFound, stale=CustomerChanged)


def announce_change(customer: Customer, what: str) -> None:
    """Give the customer, whose row is locked, its next version and announce what has changed around it."""
    customer.version += 1
    events.publish_about(customer, CUSTOMER_UPDATED, CustomerUpdated(customer.id, customer.version, [what]))


def update_payload(customer: Customer, changed: ChangedColumns) -> CustomerUpdated:
    """The payload of the event that these fields were changed."""
    return CustomerUpdated(customer.id, customer.version, changed.names)


def _flush() -> None:
    with unique_or(CustomerEmailTaken):
        db.session().flush()

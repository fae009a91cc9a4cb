"""Groups of customers."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.customers import records
from domain.customers.errors import GroupNameTaken, GroupNotFound
from domain.customers.models import Customer, CustomerGroup, GroupMember
from kit import db
from kit.db.unique import unique_or
from kit.errors import Invalid
from kit.ids import new_id


def create(*, company_id: UUID, name: str) -> CustomerGroup:
    """Create a group; raises GroupNameTaken."""
    added = insert(CustomerGroup).values(id=new_id(), company_id=company_id, name=name)
    group: CustomerGroup | None = db.session().scalar(added.on_conflict_do_nothing().returning(CustomerGroup))
    if group is None:
        raise GroupNameTaken
    return group


def rename(*, group_id: UUID, name: str) -> CustomerGroup:
    """Rename a group; raises GroupNotFound, GroupNameTaken."""
    renamed = update(CustomerGroup).filter_by(id=group_id).values(name=name).returning(CustomerGroup)
    with unique_or(GroupNameTaken):
        group = db.session().scalar(renamed)
    if group is None:
        raise GroupNotFound
    return group


def remove(*, group_id: UUID) -> None:
    """Delete a group, with its price lists. Its customers stay. Raises GroupNotFound."""
    removed = delete(CustomerGroup).filter_by(id=group_id).returning(CustomerGroup.id)
    if db.session().scalar(removed) is None:
        raise GroupNotFound


def assign(*, customer_id: UUID, group_ids: Collection[UUID]) -> Customer:
    """Make these the only groups of the customer. Raises CustomerNotFound, and Invalid by `group_ids`."""
    customer = records.the_locked_customer(customer_id)
    session = db.session()
    wanted = set(group_ids)
    known = set(
        session.scalars(select(CustomerGroup.id).where(CustomerGroup.id.in_(wanted)).with_for_update(read=True))
    )
    if wanted - known:
        unknown = ", ".join(sorted(map(str, wanted - known)))
        raise Invalid(fields={"group_ids": [f"You have no such group of customers: {unknown}."]})
    present = set(session.scalars(select(GroupMember.group_id).filter_by(customer_id=customer_id)))
    if wanted == present:
        return customer
    session.execute(delete(GroupMember).filter_by(customer_id=customer_id).where(GroupMember.group_id.notin_(wanted)))
    session.add_all(
        GroupMember(group_id=group_id, customer_id=customer_id, company_id=customer.company_id)
        for group_id in sorted(wanted - present)
    )
    records.announce_change(customer, "group_ids")
    session.flush()
    return customer

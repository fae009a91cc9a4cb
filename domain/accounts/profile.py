"""User profiles: contact details, language, time zone, notification preferences and addresses."""

from typing import TypedDict
from uuid import UUID

from sqlalchemy import delete, func, select, update

from domain.accounts.errors import AddressNotFound, TooManyAddresses
from domain.accounts.events import (
    ADDRESS_CREATED,
    ADDRESS_DELETED,
    ADDRESS_UPDATED,
    USER_UPDATED,
    UserAddress,
    UserUpdated,
)
from domain.accounts.models import Address, User
from kit import changes, db
from kit.changes import ChangedColumns
from kit.db import Json
from kit.ids import new_id
from kit.messaging import events

MAX_ADDRESSES = 50


class MailPreferences(TypedDict, total=False):
    """Which emails a user wants, by kind."""

    order_updates: bool
    news: bool


class NotificationPreferences(TypedDict, total=False):
    """Which notifications a user wants, by channel."""

    email: MailPreferences


class ProfileChanges(TypedDict, total=False):
    """Profile fields that users can change: `phone` in E.164, `locale` in BCP 47, `time_zone` an IANA name."""

    name: str
    phone: str | None
    locale: str | None
    time_zone: str | None
    notifications: NotificationPreferences


def change(*, user_id: UUID, values: ProfileChanges) -> User:
    """Change the given fields of the current user. Notification preferences that are left out stay as they are."""
    user = db.session().get_one(User, user_id, with_for_update=True)
    columns: dict[str, object] = {**values}
    if "notifications" in values:
        mails = values["notifications"].get("email", {})
        changes.refuse_undeclared(values["notifications"], declared=NotificationPreferences)
        changes.refuse_undeclared(mails, declared=MailPreferences)
        columns["notifications"] = {**user.notifications, "email": {**user.notifications["email"], **mails}}
    changes.apply_and_announce(
        user, columns, declared=ProfileChanges, event=USER_UPDATED, payload=_update_payload, company_id=None
    )
    return user


def _update_payload(user: User, changed: ChangedColumns) -> UserUpdated:
    return UserUpdated(user.id, changed.names)


def addresses(*, user_id: UUID) -> list[Address]:
    """List the current user's addresses, the oldest first."""
    return list(db.session().scalars(select(Address).filter_by(user_id=user_id).order_by(Address.id)))


def create_address(*, user_id: UUID, label: str, address: Json) -> Address:
    """Add an address of the current user; raises TooManyAddresses."""
    lock_user(user_id=user_id)  # otherwise two concurrent requests could exceed the limit
    session = db.session()
    if (session.scalar(select(func.count(Address.id)).filter_by(user_id=user_id)) or 0) >= MAX_ADDRESSES:
        raise TooManyAddresses
    created = Address(id=new_id(), user_id=user_id, label=label, address=address)
    session.add(created)
    session.flush()
    session.refresh(created)
    events.publish(ADDRESS_CREATED, UserAddress(user_id, created.id), subject=user_id, company_id=None)
    return created


def change_address(*, address_id: UUID, label: str, address: Json) -> Address:
    """Replace an address of the current user; raises AddressNotFound."""
    change = update(Address).where(Address.id == address_id).values(label=label, address=address).returning(Address)
    changed = db.session().scalar(change)
    if changed is None:
        raise AddressNotFound
    payload = UserAddress(changed.user_id, address_id)
    events.publish(ADDRESS_UPDATED, payload, subject=changed.user_id, company_id=None)
    return changed


def delete_address(*, address_id: UUID) -> None:
    """Delete an address of the current user; raises AddressNotFound."""
    user_id = db.session().scalar(delete(Address).where(Address.id == address_id).returning(Address.user_id))
    if user_id is None:
        raise AddressNotFound
    events.publish(ADDRESS_DELETED, UserAddress(user_id, address_id), subject=user_id, company_id=None)


def lock_user(*, user_id: UUID) -> None:
    """Lock the current user's row, and with it inserts that refer to it, until the transaction ends."""
    db.session().get_one(User, user_id, with_for_update=True)

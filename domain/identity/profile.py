"""What users say of themselves: how to reach them, their language and time, and where they have goods sent."""

from typing import TypedDict
from uuid import UUID

from sqlalchemy import delete, func, select, text, update

from domain.identity.errors import AddressNotFound, TooManyAddresses
from domain.identity.models import Address, User
from kit import changes, db
from kit.db import Json
from kit.ids import new_id
from kit.messaging import outbox

MOST_ADDRESSES = 50


class Mails(TypedDict, total=False):
    """Which mails a user wants, by kind."""

    order_updates: bool
    news: bool


class Notifications(TypedDict, total=False):
    """Which notifications a user wants, by channel."""

    email: Mails


class ProfileChanges(TypedDict, total=False):
    """What users may change about themselves: the phone is in E.164, the locale in BCP 47, the time zone IANA's."""

    name: str
    phone: str | None
    locale: str | None
    time_zone: str | None
    notifications: Notifications


def change(*, user_id: UUID, values: ProfileChanges) -> User:
    """Change what is given of the current user; channels and kinds of notifications that are left out stay."""
    user = db.session().get_one(User, user_id, with_for_update=True)
    columns: dict[str, object] = {**values}
    if "notifications" in values:
        mails = values["notifications"].get("email", {})
        changes.refuse_undeclared(values["notifications"], declared=Notifications)
        changes.refuse_undeclared(mails, declared=Mails)
        columns["notifications"] = {**user.notifications, "email": {**user.notifications["email"], **mails}}
    changes.apply(user, columns, declared=ProfileChanges)
    return user


def addresses(*, user_id: UUID) -> list[Address]:
    """The current user's addresses, the oldest first."""
    return list(db.session().scalars(select(Address).filter_by(user_id=user_id).order_by(Address.id)))


def keep_address(*, user_id: UUID, label: str, address: Json) -> Address:
    """Add an address of the current user; raises TooManyAddresses."""
    hold(user_id=user_id)  # two at once would both find room for the last one
    session = db.session()
    if (session.scalar(select(func.count(Address.id)).filter_by(user_id=user_id)) or 0) >= MOST_ADDRESSES:
        raise TooManyAddresses
    kept = Address(id=new_id(), user_id=user_id, label=label, address=address)
    session.add(kept)
    session.flush()
    session.refresh(kept)
    return kept


def change_address(*, address_id: UUID, label: str, address: Json) -> Address:
    """Put other words in the place of an address of the current user; raises AddressNotFound."""
    changed = update(Address).where(Address.id == address_id).values(label=label, address=address).returning(Address)
    kept = db.session().scalar(changed)
    if kept is None:
        raise AddressNotFound
    return kept


def forget_address(*, address_id: UUID) -> None:
    """Remove an address of the current user; raises AddressNotFound."""
    if db.session().scalar(delete(Address).where(Address.id == address_id).returning(Address.id)) is None:
        raise AddressNotFound


_ERASE = text("SELECT forget_invitations(:user), erase_person(:user)")


def hold(*, user_id: UUID) -> None:
    """Let nothing be written under the current user's name until the transaction ends."""
    db.session().get_one(User, user_id, with_for_update=True)


def erase(*, user_id: UUID) -> None:
    """Take the current user's name, addresses and logins out of everything; what they ordered stays, as nobody's.

    Their roles in companies must have been given up before. It cannot be undone.
    """
    db.session().execute(_ERASE, {"user": user_id})
    outbox.publish("user.erased", {"user_id": str(user_id)}, subject=user_id, company_id=None)

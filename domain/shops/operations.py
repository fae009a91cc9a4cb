"""Opening, changing and closing shops."""

from collections.abc import Collection
from datetime import datetime
from typing import TypedDict, Unpack
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from domain.companies import limits
from domain.shops.errors import ShopChanged, ShopClosed, ShopNameTaken, ShopNotFound
from domain.shops.models import Shop
from kit import changes, db
from kit.errors import Invalid
from kit.ids import new_id
from kit.messaging import outbox


class ShopChanges(TypedDict, total=False):
    """What may be changed of a shop."""

    name: str
    offers_pickup: bool
    offers_delivery: bool


def open_shop(*, company_id: UUID, name: str, offers_pickup: bool = False, offers_delivery: bool = True) -> Shop:
    """Open a shop of the company; raises ShopNameTaken, PlanLimitReached, Invalid when nothing is handed over."""
    limits.make_room("shops", company_id=company_id)
    _refuse_keeping_all(offers_pickup=offers_pickup, offers_delivery=offers_delivery)
    added = insert(Shop).values(
        id=new_id(), company_id=company_id, name=name, offers_pickup=offers_pickup, offers_delivery=offers_delivery
    )
    shop: Shop | None = db.session().scalar(added.on_conflict_do_nothing().returning(Shop))
    if shop is None:
        raise ShopNameTaken
    _announce("shop.created", shop)
    return shop


def change(*, shop_id: UUID, expected_versions: Collection[int] | None = None, **values: Unpack[ShopChanges]) -> Shop:
    """Change what is given of the current company's shop.

    Raises ShopNotFound, ShopChanged when it is at none of the expected versions, ShopClosed, ShopNameTaken, Invalid.
    """
    shop = _the_locked_shop(shop_id, expected_versions)
    if shop.closed_at is not None:
        raise ShopClosed
    if values.get("name", shop.name) != shop.name:
        _refuse_taken(shop, values["name"])
    changed = changes.apply(shop, values, declared=ShopChanges)
    _refuse_keeping_all(offers_pickup=shop.offers_pickup, offers_delivery=shop.offers_delivery)
    if changed:
        shop.version += 1
        _write()
        _announce("shop.updated", shop)
    return shop


def close(*, shop_id: UUID, now: datetime, expected_versions: Collection[int] | None = None) -> Shop:
    """Let the shop sell no more, for good; orders under way come to their end. Harmless when it is closed.

    Raises ShopNotFound, ShopChanged.
    """
    shop = _the_locked_shop(shop_id, expected_versions)
    if shop.closed_at is None:
        shop.closed_at = now
        shop.version += 1
        _announce("shop.closed", shop)
    return shop


def close_all(*, company_id: UUID, now: datetime) -> None:
    """Close every shop of the company."""
    still_open = select(Shop.id).where(Shop.company_id == company_id, Shop.closed_at.is_(None)).order_by(Shop.id)
    for shop_id in db.session().scalars(still_open).all():
        close(shop_id=shop_id, now=now)


def _the_locked_shop(shop_id: UUID, expected_versions: Collection[int] | None) -> Shop:
    found = select(Shop).where(Shop.id == shop_id).with_for_update(key_share=True)
    shop = db.session().scalar(found.execution_options(populate_existing=True))
    if shop is None:
        raise ShopNotFound
    if expected_versions is not None and shop.version not in expected_versions:
        raise ShopChanged
    return shop


def _refuse_taken(shop: Shop, name: str) -> None:
    """Two at once are for the unique index to tell apart (see _write); this is what one alone is told."""
    others = exists().where(Shop.company_id == shop.company_id, Shop.name == name, Shop.closed_at.is_(None))
    if db.session().scalar(select(others)):
        raise ShopNameTaken


def _write() -> None:
    try:
        db.session().flush()
    except IntegrityError as error:
        if isinstance(error.orig, UniqueViolation):  # somebody else has taken the name meanwhile
            raise ShopNameTaken from error
        raise


def _refuse_keeping_all(*, offers_pickup: bool, offers_delivery: bool) -> None:
    if not (offers_pickup or offers_delivery):
        raise Invalid(fields={"offers_delivery": ["A shop offers pick-up or delivery, or both."]})


def _announce(event: str, shop: Shop) -> None:
    data = {"shop_id": str(shop.id), "name": shop.name, "version": shop.version}
    outbox.publish(event, data, subject=shop.id, company_id=shop.company_id)

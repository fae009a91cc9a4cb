"""Opening, changing and closing shops."""

from collections.abc import Collection
from datetime import datetime
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert

from domain.companies import limits
from domain.companies import queries as companies
from domain.shops import queries
from domain.shops.errors import ShopChanged, ShopClosed, ShopNameTaken, ShopNotFound, ShopSlugTaken
from domain.shops.events import SHOP_CLOSED, SHOP_CREATED, SHOP_UPDATED, ShopDetails, ShopUpdated
from domain.shops.models import Shop
from kit import changes, db
from kit.changes import ChangedColumns
from kit.db.unique import unique_or
from kit.errors import Invalid
from kit.ids import new_id
from kit.messaging import events
from kit.messaging.events import Event
from kit.versions import the_locked


class ShopChanges(TypedDict, total=False):
    """What can be changed of a shop."""

    name: str
    offers_pickup: bool
    offers_delivery: bool
    slug: str | None
    stock_display: str


def open_shop(*, company_id: UUID, now: datetime, **values: Unpack[ShopChanges]) -> Shop:
    """Open a shop of the company, with at least a name; by default it offers delivery and no pick-up.

    Raises ShopNameTaken, ShopSlugTaken, PlanLimitReached, Invalid without pick-up and delivery.
    """
    changes.refuse_undeclared(values, declared=ShopChanges)
    shop_id = new_id()
    limits.count_one("shops", company_id=company_id, shop_id=shop_id, now=now)
    _require_fulfilment(
        offers_pickup=values.get("offers_pickup", False), offers_delivery=values.get("offers_delivery", True)
    )
    added = insert(Shop).values(id=shop_id, company_id=company_id, **values).returning(Shop)
    with unique_or(ShopNameTaken, slug=ShopSlugTaken):
        shop = db.session().scalars(added).one()
    _announce(SHOP_CREATED, shop)
    return shop


def change(*, shop_id: UUID, expected_versions: Collection[int] | None = None, **values: Unpack[ShopChanges]) -> Shop:
    """Change the given fields of a shop of the current company.

    Raises ShopNotFound, ShopChanged if the shop has none of the expected versions, ShopClosed, ShopNameTaken,
    ShopSlugTaken, Invalid.
    """
    shop = _the_locked_shop(shop_id, expected_versions)
    if shop.closed_at is not None:
        raise ShopClosed
    if values.get("name", shop.name) != shop.name:
        _require_free_name(shop, values["name"])
    changes.apply_and_announce(
        shop, values, declared=ShopChanges, event=SHOP_UPDATED, payload=_update_payload, company_id=shop.company_id
    )
    _require_fulfilment(offers_pickup=shop.offers_pickup, offers_delivery=shop.offers_delivery)
    _flush()
    return shop


def close(*, shop_id: UUID, now: datetime, expected_versions: Collection[int] | None = None) -> Shop:
    """Close the shop permanently. Orders in progress are completed. Does nothing if the shop is closed already.

    Raises ShopNotFound, ShopChanged.
    """
    company_id = queries.the_shop(shop_id=shop_id).company_id
    companies.the_locked_company(company_id=company_id)  # before the shop, as `limits.count_one` does
    shop = _the_locked_shop(shop_id, expected_versions)
    if shop.closed_at is None:
        limits.stop_counting(company_id=company_id, shop_id=shop_id)
        shop.closed_at = now
        shop.version += 1
        _announce(SHOP_CLOSED, shop)
    return shop


def close_all(*, company_id: UUID, now: datetime) -> None:
    """Close every shop of the company."""
    still_open = select(Shop.id).where(Shop.company_id == company_id, Shop.closed_at.is_(None)).order_by(Shop.id)
    for shop_id in db.session().scalars(still_open).all():
        close(shop_id=shop_id, now=now)


def _the_locked_shop(shop_id: UUID, expected_versions: Collection[int] | None) -> Shop:
    return the_locked(
        select(Shop).where(Shop.id == shop_id), expected_versions, missing=ShopNotFound, stale=ShopChanged
    )


def _require_free_name(shop: Shop, name: str) -> None:
    """Raise ShopNameTaken if another open shop has the name. The unique index catches concurrent changes (`_flush`)."""
    others = exists().where(Shop.company_id == shop.company_id, Shop.name == name, Shop.closed_at.is_(None))
    if db.session().scalar(select(others)):
        raise ShopNameTaken


def _flush() -> None:
    with unique_or(ShopNameTaken, slug=ShopSlugTaken):
        db.session().flush()


def _require_fulfilment(*, offers_pickup: bool, offers_delivery: bool) -> None:
    if not (offers_pickup or offers_delivery):
        raise Invalid(fields={"offers_delivery": ["A shop offers pick-up or delivery, or both."]})


def _announce(event: Event[ShopDetails], shop: Shop) -> None:
    events.publish_about(shop, event, ShopDetails(shop_id=shop.id, name=shop.name, version=shop.version))


def _update_payload(shop: Shop, changed: ChangedColumns) -> ShopUpdated:
    return ShopUpdated(shop_id=shop.id, name=shop.name, version=shop.version, changed=changed.names)

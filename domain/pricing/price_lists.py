"""Creating and changing price lists."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy import select

from domain.catalogue import queries as catalogue
from domain.catalogue.price_rules import errors_of
from domain.companies import queries as companies
from domain.customers import queries as customers
from domain.customers.errors import GroupNotFound
from domain.pricing.errors import PriceListChanged, PriceListNotFound
from domain.pricing.events import (
    LIST_PRICES_CHANGED,
    PRICE_LIST_CREATED,
    PRICE_LIST_UPDATED,
    ListPricesChanged,
    PriceListUpdated,
    PriceListVersion,
)
from domain.pricing.models import PriceList
from domain.shops import queries as shops
from domain.shops.errors import ShopNotFound
from kit import changes, db
from kit.errors import Invalid
from kit.ids import new_id
from kit.messaging import events
from kit.money import Money
from kit.versions import the_locked


class PriceListChanges(TypedDict, total=False):
    """What can be changed of a price list. The time can change in the future only, because the past is history."""

    name: str
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListPriceRequest:
    """A price of a variant for at least `min_quantity` units; None removes it from the list."""

    variant_id: UUID
    min_quantity: int
    price: Money | None


def create(
    *,
    company_id: UUID,
    name: str,
    now: datetime,
    shop_id: UUID | None = None,
    group_id: UUID | None = None,
    priority: int = 0,
    is_sale: bool = False,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> PriceList:
    """Create a price list without prices, which applies from `starts_at` (None: now) until `ends_at`.

    Raises Invalid by field: `shop_id`, `group_id`, `starts_at` in the past, `ends_at` not after it.
    """
    begins = starts_at or now
    _validate_period(begins, ends_at, now=now, may_start=True)
    try:
        if shop_id is not None:
            shops.the_shop(shop_id=shop_id)
        if group_id is not None:
            customers.the_group(group_id=group_id)
    except ShopNotFound:
        raise Invalid(fields={"shop_id": ["You have no such shop."]}) from None
    except GroupNotFound:
        raise Invalid(fields={"group_id": ["You have no such group of customers."]}) from None
    price_list = PriceList(
        id=new_id(), company_id=company_id, name=name, shop_id=shop_id, group_id=group_id, priority=priority,
        is_sale=is_sale, starts_at=begins, ends_at=ends_at,
    )  # fmt: skip
    db.session().add(price_list)
    db.session().flush()
    db.session().refresh(price_list)
    events.publish_about(price_list, PRICE_LIST_CREATED, PriceListVersion(price_list.id, price_list.version))
    return price_list


def change(
    *,
    price_list_id: UUID,
    now: datetime,
    expected_versions: Collection[int] | None = None,
    **values: Unpack[PriceListChanges],
) -> PriceList:
    """Change the given fields of a price list.

    Raises PriceListNotFound, PriceListChanged, and Invalid by field for a time that would rewrite the past.
    """
    price_list = _the_locked(price_list_id, expected_versions)
    begins = values.get("starts_at", price_list.starts_at)
    ends = values.get("ends_at", price_list.ends_at)
    if begins != price_list.starts_at and price_list.starts_at <= now:
        raise Invalid(fields={"starts_at": ["The list applies already, so its beginning cannot change."]})
    if ends != price_list.ends_at and price_list.ends_at is not None and price_list.ends_at <= now:
        raise Invalid(fields={"ends_at": ["The list has ended. Create another one."]})
    if (begins, ends) != (price_list.starts_at, price_list.ends_at):
        _validate_period(begins, ends, now=now, may_start=begins != price_list.starts_at)
    changes.apply_and_announce(
        price_list, values, declared=PriceListChanges, event=PRICE_LIST_UPDATED,
        payload=lambda row, changed: PriceListUpdated(row.id, row.version, changed.names),
        company_id=price_list.company_id,
    )  # fmt: skip
    return price_list


def _validate_period(begins: datetime, ends: datetime | None, *, now: datetime, may_start: bool) -> None:
    if may_start and begins < now:
        raise Invalid(fields={"starts_at": ["Must not be in the past."]})
    if ends is not None and ends < now:
        raise Invalid(fields={"ends_at": ["Must not be in the past."]})
    if ends is not None and ends <= begins:
        raise Invalid(fields={"ends_at": ["Must be later than starts_at."]})


_ROWS = """jsonb_to_recordset(%(rows)s) AS r (
    id uuid, variant_id uuid, min_quantity int, price bigint, currency text)"""
_END_PRICES = f"""
    UPDATE list_prices p SET valid_until = %(now)s
    FROM {_ROWS}
    WHERE p.price_list_id = %(list)s AND p.variant_id = r.variant_id AND p.min_quantity = r.min_quantity
        AND p.valid_until IS NULL AND p.price IS DISTINCT FROM r.price
    RETURNING p.variant_id"""  # noqa: S608 - constants only
_INSERT_PRICES = f"""
    INSERT INTO list_prices (id, company_id, price_list_id, variant_id, min_quantity, price, currency, valid_from)
    SELECT r.id, %(company)s, %(list)s, r.variant_id, r.min_quantity, r.price, r.currency, %(now)s
    FROM {_ROWS}
    WHERE r.price IS NOT NULL
    ON CONFLICT (price_list_id, variant_id, min_quantity) WHERE valid_until IS NULL DO NOTHING
    RETURNING variant_id"""  # noqa: S608 - constants only


def set_prices(
    *,
    price_list_id: UUID,
    prices: Sequence[ListPriceRequest],
    now: datetime,
    expected_versions: Collection[int] | None = None,
) -> PriceList:
    """Set or remove these prices of a list; its other prices stay. The number of statements does not depend on theirs.

    Raises PriceListNotFound, PriceListChanged, and Invalid by field.
    """
    price_list = _the_locked(price_list_id, expected_versions)
    _validate_prices(price_list, prices)
    rows = [
        {
            "id": new_id(), "variant_id": entry.variant_id, "min_quantity": entry.min_quantity,
            "price": entry.price and entry.price.amount, "currency": entry.price and entry.price.currency,
        }
        for entry in prices
    ]  # fmt: skip
    values = {"list": price_list.id, "company": price_list.company_id, "now": now, "rows": db.as_json(rows)}
    changed = {variant_id for statement in (_END_PRICES, _INSERT_PRICES) for (variant_id,) in db.run(statement, values)}
    if changed:
        price_list.version += 1
        payload = ListPricesChanged(price_list.id, price_list.version, sorted(changed))
        events.publish_about(price_list, LIST_PRICES_CHANGED, payload)
        db.session().flush()
    return price_list


def _validate_prices(price_list: PriceList, prices: Sequence[ListPriceRequest]) -> None:
    currency = companies.the_company(company_id=price_list.company_id).currency
    known = catalogue.known_variants([entry.variant_id for entry in prices])
    errors: dict[str, list[str]] = {}
    seen = set()
    for position, entry in enumerate(prices):
        if entry.variant_id not in known:
            errors[f"prices.{position}.variant_id"] = ["You have no such variant."]
        if entry.price is not None:
            errors |= errors_of(entry.price, currency=currency, path=f"prices.{position}.price")
        key = (entry.variant_id, entry.min_quantity)
        if key in seen:
            errors[f"prices.{position}.min_quantity"] = ["There is another price for this variant and quantity."]
        seen.add(key)
    if errors:
        raise Invalid(fields=errors)


def _the_locked(price_list_id: UUID, expected_versions: Collection[int] | None) -> PriceList:
    query = select(PriceList).where(PriceList.id == price_list_id)
    return the_locked(query, expected_versions, missing=PriceListNotFound, stale=PriceListChanged)

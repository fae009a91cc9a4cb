"""Opening shops."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from domain.shops.errors import ShopNameTaken
from domain.shops.models import Shop
from kit import db, outbox
from kit.ids import new_id


def open_shop(*, company_id: UUID, name: str) -> Shop:
    """Open a shop of the company; raises ShopNameTaken."""
    added = insert(Shop).values(id=new_id(), company_id=company_id, name=name)
    shop: Shop | None = db.session().scalar(added.on_conflict_do_nothing().returning(Shop))
    if shop is None:
        raise ShopNameTaken
    outbox.publish("shop.created", {"shop_id": str(shop.id), "name": name}, subject=shop.id, company_id=company_id)
    return shop

"""The assortment: which shops of a company sell a product."""

from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from domain.catalogue.events import PRODUCT_LISTED, PRODUCT_UNLISTED, ProductListing
from domain.catalogue.models import Listing, Product
from domain.catalogue.products import the_locked_product
from domain.shops import queries as shops
from kit import db
from kit.messaging import events
from kit.messaging.events import Event


def list_product(*, product_id: UUID, shop_id: UUID, maintained_by: UUID | None = None) -> None:
    """Sell a product in a shop, where it may be sold already.

    `maintained_by` is the shop that must maintain the product. Raises ProductNotFound, ShopNotFound, ShopClosed.
    """
    product = the_locked_product(product_id, shop_id=maintained_by)
    shops.the_open_shop(shop_id=shop_id)
    listing = insert(Listing).values(shop_id=shop_id, product_id=product_id, company_id=product.company_id)
    if db.session().scalar(listing.on_conflict_do_nothing().returning(Listing.shop_id)) is not None:
        _announce(product, PRODUCT_LISTED, shop_id)


def unlist_product(*, product_id: UUID, shop_id: UUID, maintained_by: UUID | None = None) -> None:
    """Stop selling a product in a shop. Orders continue. Raises ProductNotFound, ShopNotFound."""
    product = the_locked_product(product_id, shop_id=maintained_by)
    shops.the_shop(shop_id=shop_id)
    removed = delete(Listing).filter_by(shop_id=shop_id, product_id=product_id).returning(Listing.shop_id)
    if db.session().scalar(removed) is not None:
        _announce(product, PRODUCT_UNLISTED, shop_id)


def listings_of(*, product_id: UUID) -> list[Listing]:
    """The shops that sell the product."""
    return list(db.session().scalars(select(Listing).filter_by(product_id=product_id).order_by(Listing.shop_id)))


def _announce(product: Product, event: Event[ProductListing], shop_id: UUID) -> None:
    product.version += 1
    events.publish_about(product, event, ProductListing(product.id, shop_id, product.version))
    db.session().flush()
